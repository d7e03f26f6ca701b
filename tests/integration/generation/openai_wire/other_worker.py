"""A worker in a process of its own, to be killed: `python -m …other_worker DATABASE REDIS QUEUE WAYS`.

WAYS says, attempt by attempt, what it does: `stop` says half of the answer and then nothing more; `whole` says all of it; `else` says
other words.
"""

from __future__ import annotations

import asyncio
import sys

import orjson
from tests.integration.generation.openai_wire.house import answer, spoken

from octavo_jobs.context import JobContext
from octavo_jobs.lifecycle import Job
from octavo_jobs.runner import Lane
from octavo_jobs.worker import Worker


async def main(database_url: str, redis_url: str, queue: str, ways: str) -> None:
    async def handle(job: Job, context: JobContext) -> str:
        chat, way = orjson.loads(job.request)["chat"], ways.split(",")[job.attempt - 1]
        words = spoken(chat)
        if way == "else":
            words = [word.upper() for word in words]
        for word in words[: len(words) // 2]:
            context.token(word)
        context.flush()
        if way == "stop":
            await asyncio.Event().wait()
        for word in words[len(words) // 2 :]:
            context.token(word)
        return answer(chat, words)

    worker = Worker(database_url=database_url, redis_url=redis_url, lanes=[Lane(queue, handle, 4)])
    await worker.start()
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
