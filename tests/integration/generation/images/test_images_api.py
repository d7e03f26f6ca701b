"""Pictures as a caller gets them over HTTP."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from tests.integration.generation.images.conftest import NAME, Served, picture
from tests.servers.answers import assert_problem
from tests.servers.jwks import Issuer

PATH = "/api/v1/images"
ROOT = "/generators/images"
NO_PICTURES = [
    "x",
    "%00",
    "%2e%2e",
    "..%2f..%2fetc%2fpasswd",
    "..%5c..%5cx",
    "019b76da-a800-8a30-af2d-f65dff320f16",
    "019b76da-a800-8a30-af2d-f65dff320f16%00",
    "019B76DA-A800-8A30-AF2D-F65DFF320F16",
    "019b76da-a800-7a30-af2d-f65dff320f16",
    "%ff%fe",
    "a" * 5000,
]


async def test_what_is_known_of_a_picture(served: Served) -> None:
    data = picture()
    kept = await served.keep(data=data, prompt="A kite", revised_prompt="A red kite", seed=42, details={"quality": "hd"})
    answer = await served.client.get(f"{PATH}/{kept.id}")
    assert answer.status_code == 200
    assert answer.json() == {
        "success": True,
        "image_id": kept.id,
        "generation_id": kept.job,
        "provider": "dalle3",
        "model": "dall-e-3",
        "prompt": "A kite",
        "revised_prompt": "A red kite",
        "size": "64x64",
        "width": 64,
        "height": 64,
        "media_type": "image/png",
        "bytes": len(data),
        "sha256": hashlib.sha256(data).hexdigest(),
        "seed": 42,
        "details": {"quality": "hd"},
        "created_at": "2026-01-01T00:00:00.001Z",
        "expires_at": "2026-01-31T00:00:00.001Z",
        "storage_path": f"2026/01/01/{kept.id}.png",
        "url": f"{ROOT}{PATH}/{kept.id}/download",
        "links": {
            "self": f"{ROOT}{PATH}/{kept.id}",
            "download": f"{ROOT}{PATH}/{kept.id}/download",
            "link": f"{ROOT}{PATH}/{kept.id}/link",
            "generation": f"{ROOT}/api/v1/generate/{kept.job}",
        },
    }


async def test_a_download(served: Served) -> None:
    data = picture()
    kept = await served.keep(data=data, prompt='Él dijo: "vuela"; ../..\\ \r\nx-evil: 1')
    answer = await served.client.get(f"{PATH}/{kept.id}/download")
    assert answer.status_code == 200
    assert answer.content == data
    assert answer.headers["content-type"] == "image/png"
    assert answer.headers["content-length"] == str(len(data))
    assert answer.headers["etag"] == f'"{hashlib.sha256(data).hexdigest()}"'
    assert answer.headers["accept-ranges"] == "bytes"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "private, no-cache"
    assert answer.headers["content-disposition"] == f'inline; filename="el-dijo-vuela-x-evil-1-{kept.id[-12:]}.png"'
    assert "x-evil" not in answer.headers


async def test_a_large_picture_comes_in_blocks_and_whole(served: Served) -> None:
    data = picture(1600)
    assert len(data) > 4_500_000
    kept = await served.keep(data=data)
    answer = await served.client.get(f"{PATH}/{kept.id}/download")
    assert answer.content == data
    part = await served.client.get(f"{PATH}/{kept.id}/download", headers={"range": "bytes=4194000-4200000"})
    assert part.content == data[4_194_000:4_200_001]


async def test_the_head_of_a_download(served: Served) -> None:
    kept = await served.keep()
    answer = await served.client.head(f"{PATH}/{kept.id}/download", headers={"range": "bytes=0-1"})
    assert answer.status_code == 200
    assert answer.headers["content-length"] == str(kept.bytes)
    assert answer.headers["etag"] == f'"{kept.sha256}"'
    assert answer.content == b""


@pytest.mark.parametrize("tag", ['"{sha}"', 'W/"{sha}"', '"x", "{sha}"', "*"])
async def test_what_the_caller_has_already_is_not_sent_again(served: Served, tag: str) -> None:
    kept = await served.keep()
    for method in ("GET", "HEAD"):
        answer = await served.client.request(method, f"{PATH}/{kept.id}/download", headers={"if-none-match": tag.format(sha=kept.sha256)})
        assert answer.status_code == 304
        assert answer.content == b""
        assert answer.headers["etag"] == f'"{kept.sha256}"'
    answer = await served.client.get(f"{PATH}/{kept.id}/download", headers={"if-none-match": '"other"'})
    assert answer.status_code == 200


@pytest.mark.parametrize(("asked", "start", "end"), [("bytes=0-9", 0, 10), ("bytes=100-", 100, None), ("bytes=-7", -7, None)])
async def test_a_part(served: Served, asked: str, start: int, end: int | None) -> None:
    data = picture()
    kept = await served.keep(data=data)
    answer = await served.client.get(f"{PATH}/{kept.id}/download", headers={"range": asked})
    wanted = data[start:end]
    assert answer.status_code == 206
    assert answer.content == wanted
    first = start % len(data)
    assert answer.headers["content-range"] == f"bytes {first}-{first + len(wanted) - 1}/{len(data)}"
    assert answer.headers["content-length"] == str(len(wanted))


async def test_a_part_that_is_not_there(served: Served) -> None:
    kept = await served.keep()
    answer = await served.client.get(f"{PATH}/{kept.id}/download", headers={"range": f"bytes={kept.bytes}-"})
    assert_problem(answer, 416)
    assert answer.headers["content-range"] == f"bytes */{kept.bytes}"


async def test_a_part_only_of_the_version_that_the_caller_has(served: Served) -> None:
    kept = await served.keep()
    path = f"{PATH}/{kept.id}/download"
    same = await served.client.get(path, headers={"range": "bytes=0-9", "if-range": f'"{kept.sha256}"'})
    assert (same.status_code, len(same.content)) == (206, 10)
    other = await served.client.get(path, headers={"range": "bytes=0-9", "if-range": '"other"'})
    assert (other.status_code, len(other.content)) == (200, kept.bytes)
    several = await served.client.get(path, headers={"range": "bytes=0-1,5-6"})
    assert (several.status_code, len(several.content)) == (200, kept.bytes)


async def test_a_deleted_picture_is_gone(served: Served) -> None:
    kept = await served.keep()
    answer = await served.client.delete(f"{PATH}/{kept.id}")
    assert (answer.status_code, answer.content) == (204, b"")
    for gone in (
        await served.client.get(f"{PATH}/{kept.id}"),
        await served.client.get(f"{PATH}/{kept.id}/download"),
        await served.client.post(f"{PATH}/{kept.id}/link"),
        await served.client.delete(f"{PATH}/{kept.id}"),
    ):
        assert_problem(gone, 404)
    assert [file for file in served.folder.rglob("*") if file.is_file()] == []


async def test_pages(served: Served) -> None:
    ids = [(await served.keep()).id for _ in range(5)]
    seen, cursor, rounds = list[str](), None, 0
    while rounds == 0 or cursor is not None:
        answer = await served.client.get(PATH, params={"limit": 2, **({} if cursor is None else {"cursor": cursor})})
        assert answer.status_code == 200
        seen += [item["image_id"] for item in answer.json()["items"]]
        cursor, rounds = answer.json()["next_cursor"], rounds + 1
    assert seen == ids[::-1]
    assert rounds == 3


@pytest.mark.parametrize("query", ["limit=0", "limit=101", "limit=x", "cursor=nonsense", "cursor=%00", "cursor=" + "A" * 101])
async def test_a_page_that_cannot_be(served: Served, query: str) -> None:
    assert_problem(await served.client.get(f"{PATH}?{query}"), 422)


@pytest.mark.parametrize(("method", "rest"), [("GET", ""), ("GET", "/download"), ("HEAD", "/download"), ("POST", "/link"), ("DELETE", "")])
async def test_what_is_no_picture_here_is_404(served: Served, method: str, rest: str) -> None:
    for image in NO_PICTURES:
        url = httpx.URL(served.client.base_url.copy_with(raw_path=f"{ROOT}{PATH}/{image}{rest}".encode()))
        answer = await served.client.request(method, url)
        # What has a slash in it is no route, or one of another method.
        assert answer.status_code == 404 or ("%2f" in image and answer.status_code == 405), image
        if method != "HEAD":
            assert_problem(answer)


async def test_another_generators_picture_is_not_here(served: Served) -> None:
    kept = await served.keep(generator="others")
    assert_problem(await served.client.get(f"{PATH}/{kept.id}"), 404)


async def test_a_picture_whose_storage_lost_it(served: Served) -> None:
    kept = await served.keep()
    (served.folder / kept.path).unlink()
    assert_problem(await served.client.get(f"{PATH}/{kept.id}/download"), 404)


async def test_a_link_opens_its_picture_until_it_is_over(private: Served, tokens: Issuer) -> None:
    kept = await private.keep("ana")
    answer = await private.client.post(f"{PATH}/{kept.id}/link", params={"seconds": 60}, headers=tokens.headers("ana"))
    assert answer.status_code == 200
    link = answer.json()["url"]
    assert link.startswith(f"{ROOT}{PATH}/{kept.id}/download?")
    expires = int(parse_qs(urlsplit(link).query)["expires"][0])
    assert answer.json()["expires_at"] == datetime.fromtimestamp(expires, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    opened = await private.client.get(link.removeprefix(ROOT), headers={"range": "bytes=0-3"})
    assert (opened.status_code, opened.content) == (206, b"\x89PNG")
    other = await private.keep("ana")
    assert_problem(await private.client.get(link.removeprefix(ROOT).replace(kept.id, other.id)), 403)
    assert_problem(await private.client.get(f"{PATH}/{kept.id}/download?expires={expires}"), 403)
    assert_problem(await private.client.get(f"{PATH}/{kept.id}/download?expires=&signature="), 403)
    private.clock.advance(61)
    assert_problem(await private.client.get(link.removeprefix(ROOT)), 403)
    assert_problem(await private.client.get(link.removeprefix(ROOT).replace(kept.id, "..%2f..")), 404)


async def test_a_link_does_not_outlive_its_picture(private: Served, tokens: Issuer) -> None:
    kept = await private.keep("ana")
    link = (await private.client.post(f"{PATH}/{kept.id}/link", headers=tokens.headers("ana"))).json()["url"].removeprefix(ROOT)
    assert (await private.client.delete(f"{PATH}/{kept.id}", headers=tokens.headers("ana"))).status_code == 204
    assert_problem(await private.client.get(link), 404)


@pytest.mark.parametrize("seconds", ["0", "-1", "604801", "x", "1e3"])
async def test_a_link_for_a_time_that_cannot_be(served: Served, seconds: str) -> None:
    kept = await served.keep()
    assert_problem(await served.client.post(f"{PATH}/{kept.id}/link?seconds={seconds}"), 422)


async def test_pictures_are_their_owners(private: Served, tokens: Issuer) -> None:
    kept = await private.keep("ana")
    calls = [("GET", ""), ("GET", "/download"), ("HEAD", "/download"), ("POST", "/link"), ("DELETE", "")]
    for method, rest in calls:
        assert (await private.client.request(method, f"{PATH}/{kept.id}{rest}")).status_code == 401
        assert (await private.client.request(method, f"{PATH}/{kept.id}{rest}", headers=tokens.headers("ben"))).status_code == 404
    assert (await private.client.get(PATH, headers=tokens.headers("ben"))).json()["items"] == []
    assert (await private.client.get(PATH)).status_code == 401
    assert len((await private.client.get(PATH, headers=tokens.headers("root", "admin"))).json()["items"]) == 1
    for method, rest in calls:
        answer = await private.client.request(method, f"{PATH}/{kept.id}{rest}", headers=tokens.headers("root", "admin"))
        assert answer.status_code in (200, 204), (method, rest)


async def test_a_list_can_be_of_one_person_for_those_who_see_all(private: Served, tokens: Issuer) -> None:
    of_ana, of_ben = await private.keep("ana"), await private.keep("ben")
    for who, role, asked, found in (
        ("root", "admin", None, [of_ben.id, of_ana.id]),
        ("root", "admin", "ana", [of_ana.id]),
        ("root", "admin", "root", []),
        ("ana", "user", "ana", [of_ana.id]),
    ):
        query = {} if asked is None else {"user": asked}
        listed = await private.client.get(PATH, params=query, headers=tokens.headers(who, role))
        assert [one["image_id"] for one in listed.json()["items"]] == found, (who, asked)
    assert_problem(await private.client.get(PATH, params={"user": "ben"}, headers=tokens.headers("ana")), 403)


async def test_the_document_names_the_routes(served: Served) -> None:
    paths = (await served.client.get("/openapi.json")).json()["paths"]
    assert sorted(path for path in paths if "images" in path) == [
        "/api/v1/images",
        "/api/v1/images/{image_id}",
        "/api/v1/images/{image_id}/download",
        "/api/v1/images/{image_id}/link",
    ]
    assert sorted(paths["/api/v1/images/{image_id}/download"]["get"]["responses"]["200"]["content"]) == [
        "image/jpeg",
        "image/png",
        "image/webp",
    ]
    assert served.generator.name == NAME
