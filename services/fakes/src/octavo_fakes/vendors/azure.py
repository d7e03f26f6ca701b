"""Azure OpenAI: OpenAI's dialect below a deployment's name, with a dated version, keys of its own, and what its content filter says."""

from __future__ import annotations

import math
import re
import uuid
from typing import Any

from octavo_fakes.answer import Answer, Headers, header, json_answer
from octavo_fakes.call import Call, WireFault
from octavo_fakes.playbook import Allowance
from octavo_fakes.stage import Asked
from octavo_fakes.vendors.openai import OpenAI

_VERSION = re.compile(r"\d{4}-\d{2}-\d{2}(?:-preview)?|preview|latest")
_CATEGORIES = ("hate", "self_harm", "sexual", "violence")
_CODES = {400: "BadRequest", 401: "401", 403: "403", 404: "404", 429: "429", 500: "InternalServerError", 503: "ServiceUnavailable"}
_CHAT_FILTER, _IMAGE_FILTER = "content_filter", "content_policy_violation"


class AzureOpenAI(OpenAI):
    """Any deployment is there, except those whose name begins with `missing`."""

    name = "azure-openai"
    service_tier = None

    def check_key(self, call: Call) -> None:
        key = call.header(b"api-key") or call.bearer()
        if not key or key.startswith("bad-"):
            raise WireFault(401, "Access denied: the subscription key is missing or wrong, or the endpoint is another resource's.")
        if not _VERSION.fullmatch(call.query.get("api-version", "")):
            raise WireFault(404, "Resource not found")

    def check_chat_model(self, model: str) -> None:
        if model.startswith("missing"):
            raise self.unknown_model(model)

    check_image_model = check_chat_model

    def unknown_model(self, model: str) -> WireFault:
        return WireFault(404, "The API deployment for this resource does not exist.", code="DeploymentNotFound")

    def chat_refusal(self, model: str) -> WireFault:
        return WireFault(400, "The prompt was refused by the content filter (scripted).", code=_CHAT_FILTER, param="prompt")

    def image_refusal(self, model: str) -> WireFault:
        return WireFault(400, "The prompt was refused by the content filter (scripted).", code=_IMAGE_FILTER)

    def error(self, fault: WireFault, call: Call) -> Answer:
        code = fault.code or _CODES.get(fault.status, str(fault.status))
        error: dict[str, Any] = {"code": code, "message": fault.message}
        if code == _CHAT_FILTER:
            inner = {"code": "ResponsibleAIPolicyViolation", "content_filter_result": _filter_results("violence")}
            error = {"message": fault.message, "type": None, "param": "prompt", "code": code, "status": 400, "innererror": inner}
        elif code == _IMAGE_FILTER:
            inner = {"code": "ResponsibleAIPolicyViolation", "content_filter_results": _filter_results("violence")}
            error = {"code": code, "message": fault.message, "type": "invalid_request_error", "inner_error": inner}
        elif fault.param is not None:
            error = {"message": fault.message, "type": "invalid_request_error", "param": fault.param, "code": fault.code}
        return json_answer({"error": error}, fault.status)

    def headers(self, allowance: Allowance | None) -> Headers:
        request = str(uuid.uuid4())
        limit, remaining = (1_000, 999) if allowance is None else (allowance.limit, allowance.remaining)
        found = (
            header("apim-request-id", request),
            header("x-request-id", request),
            header("x-ms-region", "Sample Region"),
            header("x-ratelimit-limit-requests", limit),
            header("x-ratelimit-remaining-requests", remaining),
        )
        if allowance is None or not allowance.exceeded:
            return found
        return (*found, header("retry-after-ms", math.ceil(allowance.reset_s * 1000)))

    def choice_extras(self) -> dict[str, object]:
        return {"content_filter_results": _SAFE}

    def answer_extras(self) -> dict[str, object]:
        return {"prompt_filter_results": [{"prompt_index": 0, "content_filter_results": _SAFE}]}

    def image_extras(self) -> dict[str, object]:
        return {"content_filter_results": _SAFE, "prompt_filter_results": {**_SAFE, "profanity": {"detected": False, "filtered": False}}}


def deployment_of(call: Asked) -> str:
    return str(call.parameters["deployment"])


def _filter_results(filtered: str | None) -> dict[str, Any]:
    return {
        category: {"filtered": category == filtered, "severity": "high" if category == filtered else "safe"} for category in _CATEGORIES
    }


_SAFE = _filter_results(None)
