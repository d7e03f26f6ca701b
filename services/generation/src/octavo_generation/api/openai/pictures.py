"""Pictures in messages: `data:` URLs, and public addresses. Both become small clean copies (`octavo_generation.uploads`) that go into
the job's payload: an attempt on another machine needs nothing but the row."""

from __future__ import annotations

from octavo_core.errors import InvalidInput, TooLarge, UnsupportedMedia
from octavo_generation.api.openai.errors import Refused
from octavo_generation.providers.port import Picture
from octavo_generation.uploads.limits import UploadLimits

MAX_PICTURES = 8
"""Of one request."""
MAX_BYTES = 8 * 1_048_576
"""Of all copies of one request; in base64 they must fit into a column of 16 MiB."""


async def pictures_at(urls: list[tuple[str, str]], limits: UploadLimits) -> list[Picture]:
    """`urls` are (URL, the parameter it stands in). Raises `Refused`; `Unavailable` where a server does not answer well just now,
    `Throttled` where too many pictures wait."""
    if len(urls) > MAX_PICTURES:
        raise Refused(f"a request may hold {MAX_PICTURES} pictures", param="messages", code="too_many_images")
    pictures, size = list[Picture](), 0
    for url, param in urls:
        picture = await _picture_at(url, param, limits)
        size += len(picture.data)
        if size > MAX_BYTES:
            raise Refused(f"the pictures are larger than {MAX_BYTES} bytes together", param="messages", code="image_too_large")
        pictures.append(picture)
    return pictures


async def _picture_at(url: str, param: str, limits: UploadLimits) -> Picture:
    # Here and not above: a generator that sees no picture needs no image library in its memory.
    from octavo_core.pictures.checking import check_base64, check_picture
    from octavo_generation.uploads.fetching import fetch_picture

    try:
        if url[:5].lower() == "data:":
            checked = await check_base64(_base64_in(url, param), limits.picture, path=param)
        elif url.lower().startswith(("http://", "https://")):
            checked = await check_picture(await fetch_picture(url, limits.fetch), limits.picture, path=param)
        else:
            raise Refused("a picture is a data: URL, or an http or https address", param=param, code="invalid_image_url")
    except Refused:
        raise
    except TooLarge as error:
        raise Refused(error.message, param=param, code="image_too_large") from None
    except UnsupportedMedia as error:
        raise Refused(error.message, param=param, code="invalid_image_format") from None
    except InvalidInput as error:
        raise Refused(error.message, param=param, code="invalid_image") from None
    return Picture(checked.data, checked.media_type)


def _base64_in(url: str, param: str) -> str:
    # What kind of picture it is the bytes say; a wrong label is a common slip.
    head, comma, text = url.partition(",")
    if not comma or not head.lower().rstrip().endswith(";base64"):
        raise Refused("a picture's data: URL must hold base64 (data:image/png;base64,…)", param=param, code="invalid_image_url")
    return "".join(text.split())
