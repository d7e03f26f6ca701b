"""Requests for descriptions: one picture, as base64, as a file of a form, or as an address."""

from __future__ import annotations

import base64
import io
from typing import Any

import orjson
import pytest
from jsonschema import Draft202012Validator
from openapi_schema_validator import OAS31Validator
from PIL import Image
from pydantic import ValidationError
from tests.servers.generators import generator, provider

from octavo_core.errors import EngineError, InvalidInput, TooLarge, UnsupportedMedia
from octavo_core.pictures.limits import PictureLimits
from octavo_core.spec import Spec, parse_resource
from octavo_generation.api.bodies import body_hash, parse
from octavo_generation.tasks.image_description import ImageDescriptionRequest, load_picture, prepare, prepare_upload, request_fields
from octavo_generation.uploads.limits import FetchLimits, UploadLimits
from octavo_generation.uploads.multipart import Form

LIMITS = UploadLimits()


def png(size: tuple[int, int] = (12, 7)) -> bytes:
    written = io.BytesIO()
    Image.new("RGB", size, "red").save(written, "PNG")
    return written.getvalue()


TEXT = base64.b64encode(png()).decode()


@pytest.fixture(scope="module")
def spec() -> Spec:
    return parse_resource(generator("x", task="image-description", providers=[provider("http://h/v1")])).spec


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"image": None, "image_url": None},
        {"image": TEXT, "image_url": "http://example.com/a.png"},
        {"image": ""},
        {"image": " \n"},
        {"image": "data:image/png;base64,"},
        {"image": "data:image/png,rawbytes"},
        {"image": "data:image/png;base64"},
        {"image_url": ""},
        {"image_url": "x" * 2_049},
        {"image": TEXT, "question": ""},
        {"image": TEXT, "language": "Spanish"},
        {"image": TEXT, "max_tokens": "7"},
        {"image": TEXT, "more": 1},
    ],
)
def test_requests_that_are_none(body: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        ImageDescriptionRequest(**body)


def test_one_picture_is_one_request_however_it_is_sent() -> None:
    form = Form({"upload": png()}, {"question": "What?", "max_tokens": "7"})
    lines = "\n".join(TEXT[at : at + 20] for at in range(0, len(TEXT), 20))
    requests = [
        ImageDescriptionRequest(image=TEXT, question="What?", max_tokens=7),
        ImageDescriptionRequest(image=f"data:image/jpeg;base64,{TEXT}", question="What?", max_tokens=7),
        ImageDescriptionRequest(image=lines, question="What?", max_tokens=7),
        ImageDescriptionRequest(**request_fields(form)),
    ]
    assert len({body_hash(request) for request in requests}) == 1


@pytest.mark.parametrize(
    "form",
    [
        Form(),
        Form(texts={"question": "What?"}),
        Form(texts={"image": ""}),
        Form({"file": png()}),
        Form({"upload": png(), "image": png()}),
        Form({"upload": png(), "other": b""}),
        Form({"upload": png()}, {"image": TEXT}),
    ],
    ids=repr,
)
def test_forms_without_exactly_one_file(form: Form) -> None:
    with pytest.raises(InvalidInput) as caught:
        request_fields(form)
    assert caught.value.faults[0].path == "upload"


def test_a_form_may_give_an_address_or_base64_in_place_of_a_file() -> None:
    assert request_fields(Form(texts={"image_url": "http://example.com/"})) == {"image_url": "http://example.com/"}
    assert request_fields(Form(texts={"image": TEXT})) == {"image": TEXT}
    with pytest.raises(ValidationError):
        ImageDescriptionRequest(**request_fields(Form({"upload": png()}, {"strange": "x"})))
    with pytest.raises(ValidationError):
        ImageDescriptionRequest(**request_fields(Form({"upload": png()}, {"max_tokens": "seven"})))


async def test_the_job_carries_a_small_copy(spec: Spec) -> None:
    request = ImageDescriptionRequest(image=base64.b64encode(png((3_000, 300))).decode(), question="What?", language="es")
    assert prepare(request, spec) == {"question": "What?", "language": "es"}
    payload = await prepare_upload(request, spec, LIMITS)
    assert (payload["question"], payload["language"]) == ("What?", "es")
    assert (payload["image"]["width"], payload["image"]["height"]) == (2_048, 205)
    picture = await load_picture(orjson.loads(orjson.dumps(payload)), LIMITS)
    assert (picture.received_media_type, picture.received_width, picture.received_height) == ("image/png", 3_000, 300)
    with Image.open(io.BytesIO(picture.data)) as opened:
        assert opened.size == (picture.width, picture.height) == (2_048, 205)
        assert Image.MIME[opened.format or ""] == picture.media_type


@pytest.mark.parametrize(
    ("text", "kind"), [("AAAA", UnsupportedMedia), ("no base64!", InvalidInput), (base64.b64encode(png((20, 20))).decode(), TooLarge)]
)
async def test_what_is_no_picture_is_refused_before_there_is_a_job(spec: Spec, text: str, kind: type[InvalidInput]) -> None:
    with pytest.raises(InvalidInput) as caught:
        await prepare_upload(ImageDescriptionRequest(image=text), spec, UploadLimits(PictureLimits(max_pixels=399)))
    assert type(caught.value) is kind
    assert caught.value.faults[0].path == "image"


async def test_a_forbidden_address_is_refused_before_there_is_a_job(spec: Spec) -> None:
    with pytest.raises(InvalidInput, match="not public"):
        await prepare_upload(ImageDescriptionRequest(image_url="http://169.254.169.254/"), spec, LIMITS)
    payload = await prepare_upload(ImageDescriptionRequest(image_url="http://example.com/a.png"), spec, LIMITS)
    assert payload == {"image_url": "http://example.com/a.png"}
    with pytest.raises(InvalidInput, match="not public"):
        await load_picture({"image_url": "http://10.0.0.1/"}, UploadLimits(fetch=FetchLimits()))


async def test_a_job_without_a_picture_is_our_own_fault() -> None:
    with pytest.raises(EngineError):
        await load_picture({"question": "What?"}, LIMITS)


def test_the_schema_says_what_each_field_is_and_that_one_picture_is_needed() -> None:
    schema = ImageDescriptionRequest.model_json_schema()
    OAS31Validator.check_schema(schema)
    for name, field in schema["properties"].items():
        assert field.get("description") or any(option.get("description") for option in field.get("anyOf", ())), name
    takes = Draft202012Validator(schema).is_valid
    for body in (
        {"image": TEXT},
        {"image_url": "http://x.example/"},
        {"image": TEXT, "image_url": None},
        {},
        {"image": None},
        {"image": "A", "image_url": "b"},
    ):
        try:
            parse(ImageDescriptionRequest, repr(body).replace("'", '"').replace("None", "null").encode())
        except InvalidInput:
            assert not takes(body), body
        else:
            assert takes(body), body
