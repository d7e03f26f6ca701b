"""Accounts on a platform that runs, made as people make them."""

from __future__ import annotations

import re
import time

import httpx

PASSWORD = "a kite by the river 7"


def code_for(client: httpx.Client, address: str, *, pattern: str = r"code: ([0-9]{6})") -> str:
    """The newest code that was sent to the address; waits for it."""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        for item in client.get("/api/auth/outbox", headers={"accept": "application/json"}).json()["items"]:
            if item["to"] == address and (match := re.search(pattern, item["text"])) is not None:
                return match[1]
        time.sleep(0.05)
    raise AssertionError(f"no code for {address} within 60 s")


def register(client: httpx.Client, name: str, email: str) -> None:
    """A confirmed account with `PASSWORD`."""
    asked = client.post("/api/auth/register", json={"name": name, "email": email, "password": PASSWORD})
    assert asked.status_code == 202, asked.text
    confirmed = client.post("/api/auth/verify", json={"verification_id": asked.json()["verification_id"], "code": code_for(client, email)})
    assert confirmed.status_code == 200, confirmed.text
