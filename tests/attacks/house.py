"""The platform under attack, the people on it, and what it writes into its log."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeVar

import httpx
import orjson
from tests.attacks.asking import picture
from tests.attacks.served import Operation, operations
from tests.servers.platform import Platform
from tests.servers.push_service import Device

PASSWORD = "a kite by the river 7"
BURST = 80
"""Requests that one address may make at once; addresses are those that `from_address` says."""
BROWSER = "https://app.example"
EVIL = "https://evil.example"
GENERATORS = ("tales", "images")
DEADLINE_S = 60.0
Found = TypeVar("Found")

TALES = """
apiVersion: octavo.dev/v1alpha1
kind: GeneratorService
metadata: {name: tales}
spec:
  task: text
  providers: [{name: openai, type: openai, model: gpt-5.4-mini, credentials: {env: OPENAI_API_KEY}}]
  auth: {mode: jwt, audience: octavo}
"""
IMAGES = """
apiVersion: octavo.dev/v1alpha1
kind: GeneratorService
metadata: {name: images}
spec:
  task: image
  providers: [{name: sketch, type: sketch}]
  storage: {backend: local}
  auth: {mode: jwt, audience: octavo}
"""


@dataclass
class Person:
    name: str
    email: str
    id: str
    token: str
    refresh: str
    word: str
    """Stands in all that they write, and nowhere else."""
    ids: dict[str, str] = field(default_factory=dict)
    """Of what is theirs, by the name that paths have for it. That of a generator's stand under `NAME/parameter`."""

    def ids_at(self, operation: Operation) -> dict[str, str]:
        generator = operation.path.split("/")[2] if operation.path.startswith("/generators/") else ""
        own = {name.partition("/")[2]: value for name, value in self.ids.items() if generator and name.startswith(f"{generator}/")}
        return {**self.ids, **own}


@dataclass
class House:
    platform: Platform
    client: httpx.Client
    closed_port: int
    people: list[Person] = field(default_factory=list)
    secrets: set[str] = field(default_factory=set)
    """What must never stand in the log."""

    @cached_property
    def operations(self) -> list[Operation]:
        return operations(self.client)

    def person(self, name: str) -> Person:
        """A new account that is logged in."""
        email, word = f"{name}{len(self.people)}@example.org", f"quetzal{name}{len(self.people)}"
        asked = self.ok("POST", "/api/auth/register", 202, json={"name": f"{name} {word}", "email": email, "password": PASSWORD})
        code = self.code(email)
        self.ok("POST", "/api/auth/verify", 200, json={"verification_id": asked["verification_id"], "code": code})
        said = self.login(email)
        found = Person(name, email, said["user"]["id"], said["access_token"], said["refresh_token"], word)
        self.people.append(found)
        self.secrets |= {code, PASSWORD, found.token, found.refresh}
        return found

    def login(self, email: str) -> dict[str, Any]:
        said = self.ok("POST", "/api/auth/login", 200, json={"username": email, "password": PASSWORD})
        self.secrets |= {said["access_token"], said["refresh_token"]}
        return said

    def code(self, email: str) -> str:
        def caught() -> str | None:
            for item in self.client.get("/api/auth/outbox").json()["items"]:
                if item["to"] == email and (match := re.search(r"code: ([0-9]{6})", item["text"])) is not None:
                    return match[1]
            return None

        return until(caught, what=f"no code came to {email}")

    def ok(self, method: str, path: str, status: int, *, by: Person | None = None, **request: Any) -> Any:
        headers = {**({} if by is None else {"authorization": f"Bearer {by.token}"}), **request.pop("headers", {})}
        answer = self.client.request(method, path, headers=headers, **request)
        assert answer.status_code == status, f"{method} {path}: {answer.status_code} {answer.text[:500]}"
        return answer.json() if answer.headers.get("content-type", "").startswith("application/json") else answer.content

    def furnish(self, who: Person) -> None:
        """One of everything that a person can have, and its id in `who.ids`."""
        ids, word = who.ids, who.word
        ids["user"] = ids["user_id"] = who.id
        self.ok("PUT", "/api/auth/me/picture", 200, by=who, content=picture(), headers={"content-type": "image/png"})
        ids["session"] = self.login(who.email)["session_id"]
        hook = {"url": f"http://127.0.0.1:{self.closed_port}/", "description": word, "events": ["job.succeeded"]}
        ids["webhook_id"] = self.ok("POST", "/api/notifications/webhooks", 201, by=who, json=hook)["webhook"]["id"]
        browser = Device(f"https://127.0.0.1:{self.closed_port}/{who.word}")
        subscription = browser.subscription
        ids["subscription_id"] = self.ok("PUT", "/api/notifications/push", 200, by=who, json=subscription)["subscription"]["id"]
        for generator in GENERATORS:
            base = f"/generators/{generator}/api/v1"
            body, headers = {"prompt": f"A kite and {word}"}, {"prefer": "wait=30"}
            made = self.client.post(f"{base}/generate", json=body, headers={"authorization": f"Bearer {who.token}", **headers}, timeout=60)
            assert made.status_code == 200, made.text
            ids[f"{generator}/generation_id"] = str(self.ok("GET", f"{base}/jobs", 200, by=who)["items"][0]["generation_id"])
        ids["images/image_id"] = self.ok("GET", "/generators/images/api/v1/images", 200, by=who)["items"][0]["image_id"]
        made_up = {"name": f"Mar {word}", "description": word}
        character = ids["character_id"] = self.ok("POST", "/api/characters", 201, by=who, json=made_up)["id"]
        for kind in ("picture", "picture/real"):
            path = f"/api/characters/{character}/{kind}"
            self.ok("PUT", path, 200, by=who, content=picture(), headers={"content-type": "image/png"})
        told = {"title": f"A kite {word}", "content": {"chapters": [{"text": word}]}}
        story = ids["story_id"] = self.ok("POST", "/api/stories", 201, by=who, json=told)["id"]
        self.ok("PATCH", f"/api/stories/{story}", 200, by=who, json={"title": f"Again {word}"}, headers={"if-match": "*"})
        ids["revision"] = str(self.ok("GET", f"/api/stories/{story}/versions", 200, by=who)["items"][0]["revision"])
        ids["share_id"] = self.ok("POST", f"/api/stories/{story}/shares", 201, by=who, json={})["id"]
        made_project = {"title": f"The house {word}", "characters": [{"name": "Mar", "description": word}]}
        project = ids["project_id"] = self.ok("POST", "/api/projects", 201, by=who, json=made_project)["id"]
        episode = {"title": f"Low water {word}", "synopsis": word, "script": word}
        ids["episode_id"] = self.ok("POST", f"/api/projects/{project}/episodes", 201, by=who, json=episode)["id"]
        self._publish(who)

        def delivered() -> str | None:
            page = self.ok("GET", f"/api/notifications/webhooks/{ids['webhook_id']}/deliveries", 200, by=who)
            return next((item["id"] for item in page["items"] if item["state"] == "failed"), None)

        ids["delivery_id"] = until(delivered, what="no delivery was tried")

    def _publish(self, who: Person) -> None:
        """A draft with their word, and a post for everybody without it."""
        ids = who.ids
        ids["handle"] = f"{who.name}_{len(self.people)}_here"
        self.ok("PUT", "/api/feed/me", 200, by=who, json={"handle": ids["handle"], "name": who.name})
        draft = {"title": f"Not yet {who.word}", "text": who.word, "story_id": ids["story_id"]}
        post = ids["post_id"] = self.ok("POST", "/api/feed/mine", 201, by=who, json=draft)["id"]
        ids["place"] = "1"
        headers = {"content-type": "image/png"}
        self.ok("PUT", f"/api/feed/mine/{post}/pictures/1", 200, by=who, content=picture(), headers=headers)
        told = {"title": "For everybody", "text": "A kite flew by."}
        shown = ids["published_id"] = self.ok("POST", "/api/feed/mine", 201, by=who, json=told)["id"]
        self.ok("PUT", f"/api/feed/mine/{shown}/pictures/1", 200, by=who, content=picture(), headers=headers)
        self.ok("POST", f"/api/feed/mine/{shown}/publish", 200, by=who)
        said = self.ok("POST", f"/api/feed/posts/{shown}/comments", 201, by=who, json={"text": "Seen by all."})
        ids["comment_id"] = said["id"]

    def lines(self, since: int = 0) -> list[dict[str, Any]]:
        """Of the log, from that place on, in so far as they are JSON."""
        found = []
        for line in self.platform.log_file.read_bytes()[since:].splitlines():
            try:
                record = orjson.loads(line)
            except orjson.JSONDecodeError:
                continue
            if isinstance(record, dict):
                found.append(record)
        return found

    def mark(self) -> int:
        """A place in the log."""
        return self.platform.log_file.stat().st_size

    def told(self, since: int, **fields: Any) -> dict[str, Any]:
        """The line about a refusal that has these fields; its reason is not empty."""

        def look() -> dict[str, Any] | None:
            for record in self.lines(since):
                if record.get("event") == "a request was refused" and all(record.get(name) == value for name, value in fields.items()):
                    return record
            return None

        record = until(look, what=f"no line of the log tells of {fields}", deadline_s=15)
        assert record["reason"], record
        return record


def from_address(address: str) -> dict[str, str]:
    """As the proxy on this machine would pass it on, which the platform is told to believe."""
    return {"x-forwarded-for": address}


def until(look: Callable[[], Found | None], *, what: str, deadline_s: float = DEADLINE_S) -> Found:
    end = time.monotonic() + deadline_s
    while time.monotonic() < end:
        found = look()
        if found is not None:
            return found
        time.sleep(0.05)
    raise AssertionError(f"{what} within {deadline_s:g} s")
