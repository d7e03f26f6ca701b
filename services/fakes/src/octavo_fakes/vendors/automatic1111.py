"""AUTOMATIC1111's web UI for Stable Diffusion: one picture is made at a time, and others can watch and interrupt it."""

from __future__ import annotations

import asyncio
import base64
import binascii
import contextlib
import secrets
import time
from dataclasses import dataclass, field
from typing import Any

import orjson

from octavo_fakes.answer import Answer, Headers, Stream, json_answer
from octavo_fakes.call import Call, WireFault
from octavo_fakes.pictures import Pictures, Spec
from octavo_fakes.playbook import Allowance
from octavo_fakes.stage import Turn

_SAMPLERS = ("Euler", "Euler a", "DPM++ 2M", "DPM++ 2M Karras", "DPM++ SDE", "DDIM", "LMS", "Heun", "UniPC")
_MODEL = "sample-v1.safetensors"


class Automatic1111:
    """Asks for no key; one that is given (the UI's user and password) must not begin with `bad-`."""

    name = "automatic1111"

    def check_key(self, call: Call) -> None:
        scheme, _, given = call.header(b"authorization").partition(" ")
        if scheme.lower() == "basic":
            with contextlib.suppress(binascii.Error, ValueError):
                given = base64.b64decode(given, validate=True).decode("utf-8", "replace").partition(":")[2]
        if given.startswith("bad-"):
            raise WireFault(401, "Incorrect username or password")

    def error(self, fault: WireFault, call: Call) -> Answer:
        if fault.status == 422:
            where = ["body"] if fault.param is None else ["body", fault.param]
            return json_answer({"detail": [{"loc": where, "msg": fault.message, "type": fault.code or "value_error"}]}, 422)
        if fault.status == 401:
            return json_answer({"detail": fault.message}, 401)
        kind = fault.kind or ("HTTPException" if fault.status < 500 else "RuntimeError")
        detail = fault.message if fault.status < 500 else ""
        return json_answer({"error": kind, "detail": detail, "body": "", "errors": fault.message}, fault.status)

    def headers(self, allowance: Allowance | None) -> Headers:
        return ((b"x-process-time", b"0.0001"),)


@dataclass(slots=True)
class _Job:
    began: float
    takes_s: float
    steps: int
    pictures: int
    interrupted: asyncio.Event = field(default_factory=asyncio.Event)

    def done(self) -> float:
        return 1.0 if self.takes_s <= 0 else min(1.0, (time.monotonic() - self.began) / self.takes_s)


class Txt2Img:
    def __init__(self, pictures: Pictures) -> None:
        self._pictures = pictures
        self._alone = asyncio.Lock()
        self._job: _Job | None = None

    async def generate(self, turn: Turn) -> Answer | Stream:
        body = turn.call.json()
        prompt = body.get("prompt") or ""
        if not isinstance(prompt, str):
            raise WireFault(422, "str type expected", "type_error.str", "prompt")
        width, height = _whole(body, "width", 512, 64, 2048), _whole(body, "height", 512, 64, 2048)
        steps = _whole(body, "steps", 50, 1, 150)
        count = _whole(body, "batch_size", 1, 1, 8) * _whole(body, "n_iter", 1, 1, 16)
        sampler = body.get("sampler_name") or body.get("sampler_index") or "Euler"
        if sampler not in _SAMPLERS:
            raise WireFault(404, "Sampler not found")
        seed = _whole(body, "seed", -1, -1, (1 << 63) - 1)
        seed = secrets.randbelow(1 << 32) if seed == -1 else seed
        async with self._alone:
            self._job = job = _Job(time.monotonic(), turn.takes_s, steps, count)
            try:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(turn.takes_s):
                        await job.interrupted.wait()
                made = max(1, round(count * job.done())) if job.interrupted.is_set() else count
                # A safety filter leaves black pictures: this UI has no word for a refusal.
                specs = [Spec(prompt, width, height, seed + place, black=bool(turn.refusal)) for place in range(made)]
                images = [base64.b64encode(await self._pictures.draw(spec)).decode() for spec in specs]
            finally:
                self._job = None
        info = {
            "prompt": prompt,
            "negative_prompt": body.get("negative_prompt") or "",
            "seed": seed,
            "all_prompts": [prompt] * made,
            "all_seeds": [seed + place for place in range(made)],
            "width": width,
            "height": height,
            "sampler_name": sampler,
            "cfg_scale": body.get("cfg_scale") or 7.0,
            "steps": steps,
            "batch_size": body.get("batch_size") or 1,
            "sd_model_name": _MODEL.removesuffix(".safetensors"),
            "infotexts": [
                f"{prompt}\nSteps: {steps}, Sampler: {sampler}, Seed: {seed + place}, Size: {width}x{height}" for place in range(made)
            ],
            "index_of_first_image": 0,
        }
        return json_answer({"images": images, "parameters": body, "info": orjson.dumps(info).decode()})

    async def progress(self, turn: Turn) -> Answer | Stream:
        job = self._job
        done = 0.0 if job is None else min(job.done(), 0.99)
        state = {
            "skipped": False,
            "interrupted": job is not None and job.interrupted.is_set(),
            "stopping_generation": False,
            "job": "" if job is None else "scripts_txt2img",
            "job_count": 0 if job is None else job.pictures,
            "job_timestamp": "0",
            "job_no": 0 if job is None else int(done * job.pictures),
            "sampling_step": 0 if job is None else int(done * job.steps),
            "sampling_steps": 0 if job is None else job.steps,
        }
        left = 0.0 if job is None else max(0.0, job.takes_s * (1 - done))
        return json_answer({"progress": done, "eta_relative": left, "state": state, "current_image": None, "textinfo": None})

    async def interrupt(self, turn: Turn) -> Answer | Stream:
        if self._job is not None:
            self._job.interrupted.set()
        return json_answer({})

    async def models(self, turn: Turn) -> Answer | Stream:
        title = f"{_MODEL} [0000000000]"
        one = {"title": title, "model_name": _MODEL.removesuffix(".safetensors"), "hash": "0000000000", "filename": _MODEL, "config": None}
        return json_answer([one])

    async def samplers(self, turn: Turn) -> Answer | Stream:
        return json_answer([{"name": name, "aliases": [], "options": {}} for name in _SAMPLERS])


def _whole(body: dict[str, Any], name: str, default: int, least: int, most: int) -> int:
    value = body.get(name)
    if value is None:
        return default
    if not isinstance(value, int) or isinstance(value, bool):
        raise WireFault(422, "value is not a valid integer", "type_error.integer", name)
    if not least <= value <= most:
        raise WireFault(422, f"ensure this value is between {least} and {most}", "value_error.number", name)
    return value
