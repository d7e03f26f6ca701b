"""Black Forest Labs' FLUX: submit, poll, and fetch the picture from a URL that needs no key."""

from __future__ import annotations

import re
import secrets
import uuid
from typing import Any

from octavo_fakes.answer import Answer, Headers, Stream, header, json_answer
from octavo_fakes.call import Call, WireFault
from octavo_fakes.pictures import Format, Spec
from octavo_fakes.playbook import Allowance
from octavo_fakes.script import Served
from octavo_fakes.stage import House, Turn
from octavo_fakes.vendors.images import picture_url

_NAME: Served = "flux"
_MODELS = re.compile(r"flux-[\w.-]+")
_ASPECT = re.compile(r"(\d{1,2}):(\d{1,2})")
_SMALLEST, _LARGEST, _STEP = 64, 2048, 16
"""Bounds of the latest models; the older ones had narrower ones of their own."""


class Flux:
    name: str = _NAME

    def check_key(self, call: Call) -> None:
        key = call.header(b"x-key")
        if not key or key.startswith("bad-"):
            # 403, for a missing key too: this vendor knows no 401.
            raise WireFault(403, "Not authenticated - the key is missing or wrong")

    def error(self, fault: WireFault, call: Call) -> Answer:
        if fault.status == 422 or (fault.status == 400 and fault.param):
            where = ["body"] if fault.param is None else ["body", fault.param]
            return json_answer({"detail": [{"type": fault.code or "value_error", "loc": where, "msg": fault.message}]}, 422)
        return json_answer({"detail": fault.message}, fault.status)

    def headers(self, allowance: Allowance | None) -> Headers:
        if allowance is None:
            return ()
        return header("x-ratelimit-limit", allowance.limit), header("x-ratelimit-remaining", allowance.remaining)


class FluxTasks:
    def __init__(self, house: House) -> None:
        self._house = house

    async def submit(self, turn: Turn) -> Answer | Stream:
        call = turn.call
        if not _MODELS.fullmatch(call.model):
            raise WireFault(404, "Not Found")
        body = call.json()
        prompt = body.get("prompt")
        if not isinstance(prompt, str):
            raise WireFault(422, "Field required" if prompt is None else "Input should be a valid string", "missing", "prompt")
        width, height = _size(body, 4_194_304 if call.model.endswith("ultra") else 1_048_576)
        form: Format = "png" if body.get("output_format") == "png" else "jpeg"
        if body.get("output_format") not in (None, "png", "jpeg", "webp"):
            raise WireFault(422, "Input should be 'jpeg' or 'png'", "enum", "output_format")
        seed = body.get("seed")
        if seed is not None and (not isinstance(seed, int) or isinstance(seed, bool)):
            raise WireFault(422, "Input should be a valid integer", "int_type", "seed")
        spec = Spec(prompt, width, height, secrets.randbelow(1 << 31) if seed is None else seed, format=form)
        task_id = str(uuid.uuid4())
        outcome = "filtered" if turn.refusal == "answer" else "refused" if turn.refusal else "done"
        self._house.tasks.begin(task_id, _NAME, spec, outcome=outcome, takes_s=turn.takes_s)  # type: ignore[arg-type]
        polling_url = f"{call.root_url}/{_NAME}/v1/get_result?id={task_id}"
        megapixels = round(width * height / 1_000_000, 2)
        return json_answer({"id": task_id, "polling_url": polling_url, "cost": 0.0, "input_mp": 0.0, "output_mp": megapixels})

    async def result(self, turn: Turn) -> Answer | Stream:
        call = turn.call
        task_id = call.query.get("id", "")
        if not task_id:
            return json_answer({"detail": [{"type": "missing", "loc": ["query", "id"], "msg": "Field required"}]}, 422)
        task = self._house.tasks.find(_NAME, task_id)
        if task is None:
            return json_answer(_result(task_id, "Task not found"), 404)
        progress = task.progress()
        if progress < 1:
            return json_answer(_result(task_id, "Pending", progress=round(progress, 2)))
        if task.outcome != "done":
            status = "Request Moderated" if task.outcome == "refused" else "Content Moderated"
            return json_answer(_result(task_id, status, details={"Moderation Reasons": ["Scripted"]}))
        took = task.ready - task.began
        result = {
            "sample": picture_url(self._house.pictures, task.spec, call.root_url),
            "prompt": task.spec.prompt,
            "seed": task.spec.seed,
            "start_time": task.began_ms / 1000,
            "end_time": task.began_ms / 1000 + took,
            "duration": took,
        }
        return json_answer(_result(task_id, "Ready", result=result))


def _result(task_id: str, status: str, *, progress: float | None = None, result: Any = None, details: Any = None) -> dict[str, Any]:
    return {"id": task_id, "status": status, "result": result, "progress": progress, "details": details, "preview": None}


def _size(body: dict[str, Any], pixels: int) -> tuple[int, int]:
    """`pixels`: about how many there are where only a shape is asked for."""
    if (aspect := body.get("aspect_ratio")) is not None:
        found = _ASPECT.fullmatch(aspect) if isinstance(aspect, str) else None
        across, down = (int(part) for part in found.groups()) if found else (0, 0)
        if not across or not down or not 1 / 4 <= across / down <= 4:
            raise WireFault(422, "Aspect ratio should be between 21:9 and 9:21", "value_error", "aspect_ratio")
        unit = (pixels / (across * down)) ** 0.5
        return _sized(across * unit), _sized(down * unit)
    sides = list[int]()
    for name in ("width", "height"):
        side = body.get(name, 1024 if name == "width" else 768)
        if not isinstance(side, int) or isinstance(side, bool):
            raise WireFault(422, "Input should be a valid integer", "int_type", name)
        if not _SMALLEST <= side <= _LARGEST:
            raise WireFault(422, f"Input should be between {_SMALLEST} and {_LARGEST}", "value_error", name)
        if side % _STEP:
            raise WireFault(422, f"Input should be a multiple of {_STEP}", "multiple_of", name)
        sides.append(side)
    return sides[0], sides[1]


def _sized(side: float) -> int:
    return max(_STEP, round(side / _STEP) * _STEP)
