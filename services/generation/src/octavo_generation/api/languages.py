"""The languages of a translator, as callers may name them."""

from __future__ import annotations

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field

from octavo_generation.engines.translating.languages import languages
from octavo_generation.engines.translating.opening import served_languages
from octavo_generation.generator import Generator


class LanguageView(BaseModel):
    code: str = Field(description="NLLB-200's code.")
    name: str
    aliases: list[str] = Field(description="Other codes that are taken for it.")


class LanguagesResponse(BaseModel):
    languages: list[LanguageView]


def languages_router(generator: Generator) -> APIRouter:
    router = APIRouter(prefix="/api/v1/languages", tags=["languages"])
    every = languages()
    views = [
        LanguageView(code=code, name=every[code].name, aliases=list(every[code].aliases))
        for code in served_languages(generator.resource.spec)
        if code in every
    ]

    @router.get("", summary="Languages that it translates between", response_model=LanguagesResponse)
    async def list_languages(request: Request) -> LanguagesResponse:
        await generator.principal(request.headers.get("authorization"))
        return LanguagesResponse(languages=views)

    return router
