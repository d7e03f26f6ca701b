"""OpenAI's own client for Node.js makes its common calls, unchanged."""

from __future__ import annotations

import asyncio
import json

import pytest
from tests.integration.generation.openai_wire.house import MODEL, House
from tests.servers.node_client import installed

pytestmark = [pytest.mark.needs("redis"), pytest.mark.needs("node")]

TEXT = "one two three"


async def test_the_common_calls(house: House) -> None:
    program = await asyncio.to_thread(installed)
    process = await asyncio.create_subprocess_exec(
        "node", str(program), f"{house.base_url}/v1", stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    output, errors = await asyncio.wait_for(process.communicate(), 90)
    assert process.returncode == 0, errors.decode()
    told = json.loads(output)
    assert told["whole"] == [[0, TEXT, "stop"], [1, TEXT, "stop"]]
    assert told["model"] == MODEL
    assert told["stopped"] == "one two "
    assert told["plain"] == {"texts": [TEXT], "usage": None}
    assert told["with_usage"] == {"texts": [TEXT, TEXT], "usage": {"prompt_tokens": 2, "completion_tokens": 6, "total_tokens": 8}}
    assert told["helper"] == TEXT
    assert told["completion"] == "one two"
    assert told["models"] == [MODEL]
    refusal = {"status": 400, "kind": "BadRequestError", "code": "unsupported_parameter", "param": "tools", "request": True}
    assert told["tools"] == refusal
    assert told["absent"] == {"status": 404, "kind": "NotFoundError", "code": "model_not_found", "param": "model", "request": True}
    assert told["drawn"]["kind"] == "NotFoundError"
