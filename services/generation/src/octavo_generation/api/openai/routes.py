"""The routes below `/v1`, as a generator's documentation lists them."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from pydantic import BaseModel
from starlette.responses import Response

from octavo_generation.api.openai.requests import ChatRequest, CompletionRequest, ImagesRequest
from octavo_generation.api.openai.serving import OpenAI

_ERROR: dict[str, Any] = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["message", "type", "param", "code"],
            "properties": {
                "message": {"type": "string"},
                "type": {"type": "string"},
                "param": {"type": ["string", "null"]},
                "code": {"type": ["string", "null"]},
            },
        }
    },
}
_ERRORS: dict[int | str, dict[str, Any]] = {
    "4XX": {"description": "The request is at fault, in OpenAI's words.", "content": {"application/json": {"schema": _ERROR}}},
    "5XX": {"description": "Something else is at fault.", "content": {"application/json": {"schema": _ERROR}}},
}
_STREAM: dict[int | str, dict[str, Any]] = {200: {"content": {"text/event-stream": {}}}}


def openai_router(openai: OpenAI) -> APIRouter:
    """For a generator's application, which must pass what these paths answer through `in_openai_words`."""
    router = APIRouter(prefix="/v1", tags=["openai"], responses=_ERRORS)

    @router.post("/chat/completions", summary="OpenAI's chat.completions", responses=_STREAM, openapi_extra=_body(ChatRequest))
    async def chat(request: Request) -> Response:
        return await openai.chat(request)

    @router.post("/completions", summary="OpenAI's older completions", responses=_STREAM, openapi_extra=_body(CompletionRequest))
    async def complete(request: Request) -> Response:
        return await openai.complete(request)

    @router.post("/images/generations", summary="OpenAI's images.generate", openapi_extra=_body(ImagesRequest))
    async def draw(request: Request) -> Response:
        return await openai.draw(request)

    @router.get("/models", summary="The models that may answer")
    async def list_models(request: Request) -> Response:
        return await openai.list_models(request)

    @router.get("/models/{model:path}", summary="One of them")
    async def read_model(request: Request, model: str) -> Response:
        return await openai.read_model(request)

    return router


def _body(kind: type[BaseModel]) -> dict[str, Any]:
    schema = kind.model_json_schema()
    whole = _inlined(schema, schema.pop("$defs", {}))
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": whole}}}}


def _inlined(schema: Any, definitions: dict[str, Any]) -> Any:
    """Without references, which would point into the whole document."""
    if isinstance(schema, list):
        return [_inlined(item, definitions) for item in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return _inlined(definitions[schema["$ref"].rpartition("/")[2]], definitions)
    # `mapping` of a discriminator holds references too, and says nothing that the parts do not.
    return {name: _inlined(value, definitions) for name, value in schema.items() if name != "discriminator"}
