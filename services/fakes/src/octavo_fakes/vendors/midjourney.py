"""A gateway to Midjourney with the API of midjourney-proxy: submit, poll, and choose one of the four pictures that came out.

Its errors come with status 200 and a `code` of their own: 1 accepted, 3 not found, 4 wrong, 24 refused for its content.
"""

from __future__ import annotations

import re
import secrets
import time
from dataclasses import replace
from typing import Any, Literal

from octavo_fakes.answer import Answer, Headers, Stream, json_answer
from octavo_fakes.call import Call, WireFault
from octavo_fakes.pictures import Spec
from octavo_fakes.playbook import Allowance
from octavo_fakes.script import Served
from octavo_fakes.stage import House, Turn
from octavo_fakes.tasks import Task
from octavo_fakes.vendors.images import picture_url, seed_of

_NAME: Served = "midjourney"
_FLAG = re.compile(r"\s--(\w+)(?:\s+(?!--)(\S+))?")
_PIXELS = 1024 * 1024
_ACTIONS = ("UPSCALE", "VARIATION", "REROLL")


class Midjourney:
    name: str = _NAME

    def check_key(self, call: Call) -> None:
        key = call.header(b"mj-api-secret") or call.bearer()
        if not key or key.startswith("bad-"):
            raise WireFault(401, "")

    def error(self, fault: WireFault, call: Call) -> Answer:
        if fault.status == 401:
            return Answer(401, b"", ())
        if fault.status == 400:
            return json_answer({"code": 4, "description": fault.message, "result": None, "properties": {}})
        error = {"timestamp": int(time.time() * 1000), "status": fault.status, "error": fault.message, "path": call.path}
        return json_answer(error, fault.status)

    def headers(self, allowance: Allowance | None) -> Headers:
        return ()


class MidjourneyTasks:
    def __init__(self, house: House) -> None:
        self._house = house

    async def imagine(self, turn: Turn) -> Answer | Stream:
        prompt = turn.call.json().get("prompt")
        if not isinstance(prompt, str) or not prompt.strip():
            return _submitted(4, "prompt cannot be empty")
        if turn.refusal is True or turn.refusal == "error":
            return _submitted(24, "the prompt may contain sensitive words", properties={"promptEn": prompt, "bannedWord": "scripted"})
        plain, flags = _split(prompt)
        width, height = _sides(flags.get("ar", flags.get("aspect", "1:1")))
        seed = flags.get("seed", "")
        spec = Spec(plain, 2 * width, 2 * height, int(seed) if seed.isdecimal() and len(seed) < 11 else seed_of(plain, 0), grid=True)
        return self._begin(turn, "IMAGINE", spec)

    async def change(self, turn: Turn) -> Answer | Stream:
        body = turn.call.json()
        action, index = body.get("action"), body.get("index")
        if action not in _ACTIONS:
            return _submitted(4, "action is wrong")
        index = 1 if action == "REROLL" else index
        if not isinstance(index, int) or not 1 <= index <= 4:
            return _submitted(4, "index is wrong")
        task = self._house.tasks.find(_NAME, str(body.get("taskId")))
        if task is None:
            return _submitted(3, "the task does not exist or is gone")
        if task.progress() < 1 or task.outcome != "done":
            return _submitted(4, "the task has not succeeded")
        if not task.spec.grid:
            return _submitted(4, "the task has only one picture")
        match action:
            case "UPSCALE":
                spec = replace(
                    task.spec, seed=task.spec.seed + index - 1, grid=False, width=task.spec.width // 2, height=task.spec.height // 2
                )
            case "VARIATION":
                spec = replace(task.spec, seed=task.spec.seed + 1000 * index)
            case _:
                spec = replace(task.spec, seed=task.spec.seed + 5000)
        return self._begin(turn, action, spec)

    async def fetch(self, turn: Turn) -> Answer | Stream:
        call = turn.call
        task = self._house.tasks.find(_NAME, str(call.parameters["task"]))
        if task is None:
            # The gateway answers with nothing at all.
            return Answer(200, b"", ())
        return json_answer(self._describe(task, call))

    def _begin(self, turn: Turn, action: str, spec: Spec) -> Answer:
        task_id = f"{int(time.time() * 1000)}{secrets.randbelow(1000):03}"
        outcome: Literal["filtered", "done"] = "filtered" if turn.refusal else "done"
        self._house.tasks.begin(task_id, _NAME, spec, outcome=outcome, takes_s=turn.takes_s, action=action)
        return _submitted(1, "submitted", task_id, {"discordInstanceId": "sample"})

    def _describe(self, task: Task, call: Call) -> dict[str, Any]:
        done = task.progress()
        failed = done >= 1 and task.outcome != "done"
        status = "FAILURE" if failed else "SUCCESS" if done >= 1 else "IN_PROGRESS" if done > 0.1 else "SUBMITTED"
        ready = status == "SUCCESS"
        prompt = task.spec.prompt
        return {
            "id": task.id,
            "action": task.action,
            "status": status,
            "prompt": prompt,
            "promptEn": prompt,
            "description": f"/imagine {prompt}" if task.action == "IMAGINE" else f"/up {task.id} {task.action[0]}",
            "state": None,
            "submitTime": task.began_ms,
            "startTime": task.began_ms,
            "finishTime": task.began_ms + round((task.ready - task.began) * 1000) if done >= 1 else None,
            "progress": "" if failed else f"{int(done * 100)}%",
            "imageUrl": picture_url(self._house.pictures, task.spec, call.root_url) if ready else None,
            "failReason": "[Banned] the picture was refused for its content (scripted)" if failed else None,
            "properties": {"finalPrompt": prompt},
        }


def _submitted(code: int, description: str, result: str | None = None, properties: dict[str, Any] | None = None) -> Answer:
    return json_answer({"code": code, "description": description, "result": result, "properties": properties or {}})


def _split(prompt: str) -> tuple[str, dict[str, str]]:
    """The prompt without its flags (`--ar 16:9 --seed 7`), and the flags."""
    flags = {name: value or "" for name, value in _FLAG.findall(f" {prompt}")}
    return _FLAG.sub("", f" {prompt}").strip() or prompt.strip(), flags


_SIDES = {
    "1:1": (1024, 1024),
    "16:9": (1456, 816),
    "9:16": (816, 1456),
    "4:3": (1232, 928),
    "3:4": (928, 1232),
    "3:2": (1344, 896),
    "2:3": (896, 1344),
}


def _sides(aspect: str) -> tuple[int, int]:
    """Of one picture of the four, about a megapixel."""
    if aspect in _SIDES:
        return _SIDES[aspect]
    found = re.fullmatch(r"(\d{1,3}):(\d{1,3})", aspect)
    across, down = (int(part) for part in found.groups()) if found else (1, 1)
    if not across or not down or not 1 / 4 <= across / down <= 4:
        return _SIDES["1:1"]
    unit = (_PIXELS / (across * down)) ** 0.5
    return round(across * unit / 16) * 16, round(down * unit / 16) * 16
