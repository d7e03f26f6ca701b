"""The translator that ships, served from its YAML of `examples/`: codes, detection, layout, glossary, what is wrong."""

from __future__ import annotations

import asyncio
from pathlib import Path

import httpx
import pytest
from tests.integration.generation.submitting import ASYNC, WAIT, url
from tests.servers.answers import assert_problem, follow

pytestmark = pytest.mark.needs("redis")

ROOT = Path(__file__).parents[3]


def translated(client: httpx.Client, **body: object) -> dict[str, object]:
    answer = client.post(url("translator"), json=body, headers=WAIT)
    assert answer.status_code == 200, answer.text
    result: dict[str, object] = answer.json()["result"]
    return result


@pytest.mark.parametrize("code", ["es", "spa", "spa_Latn", "Spanish", "es-MX"])
def test_a_sentence_by_any_code_of_the_language(client: httpx.Client, code: str) -> None:
    result = translated(client, text="The little fox lived near the river.", target_language=code)
    assert result["text"] == "El pequeño zorro vivía cerca del río."
    assert (result["source_language"], result["target_language"], result["detected"]) == ("eng_Latn", "spa_Latn", True)


def test_the_source_is_told_from_the_text_or_given(client: httpx.Client) -> None:
    assert translated(client, text="El perro duerme.", target_language="en")["text"] == "The dog sleeps."
    given = translated(client, text="A raposa dorme perto do rio.", target_language="en", source_language="pt")
    assert (given["text"], given["detected"]) == ("The fox sleeps near the river.", False)


def test_a_text_that_is_in_that_language_already_stays(client: httpx.Client) -> None:
    assert translated(client, text="El perro  duerme.", target_language="es")["text"] == "El perro  duerme."


def test_what_the_model_does_not_know_stays_as_it_is(client: httpx.Client) -> None:
    result = translated(client, text="Kowalski bought a zyzzyva.", target_language="es")
    assert "Kowalski" in str(result["text"])
    assert "zyzzyva" in str(result["text"])
    assert result["kept_words"] == ["Kowalski", "zyzzyva"]


def test_the_readme_keeps_its_layout(client: httpx.Client) -> None:
    before = (ROOT / "README.md").read_text(encoding="utf-8")
    after = str(translated(client, text=before, target_language="es", source_language="en")["text"])

    def bones(text: str) -> list[str]:
        return [line.split(" ")[0] for line in text.splitlines() if line.startswith(("#", "-", "|", "```"))]

    assert bones(after) == bones(before)
    assert after.split("```")[1::2] == before.split("```")[1::2]
    assert sorted(_links(after)) == sorted(_links(before))
    assert after.count("`") == before.count("`")
    assert after != before


def _links(text: str) -> list[str]:
    return [part.split(")")[0] for part in text.split("](")[1:]]


def test_a_glossary_of_the_request_says_how_a_term_is_said(client: httpx.Client) -> None:
    result = translated(client, text="The fox sleeps with {name}.", target_language="es", glossary={"fox": "raposito"})
    assert "raposito" in str(result["text"])
    assert "{name}" in str(result["text"])


def test_a_language_that_nobody_knows_gets_the_nearest_offered(client: httpx.Client) -> None:
    body = assert_problem(client.post(url("translator"), json={"text": "Hi", "target_language": "spannish"}), 422)
    assert body["errors"][0]["path"] == "target_language"
    assert "es (Spanish)" in body["errors"][0]["message"]
    assert "api/v1/languages" in body["errors"][0]["allowed"]
    assert_problem(client.post(url("translator"), json={"text": "Hi", "target_language": "fr"}), 422)
    assert_problem(client.post(url("translator"), json={"text": "Hi", "target_language": "es", "source_language": "es"}), 422)


def test_a_text_without_words_has_no_language_and_stays(client: httpx.Client) -> None:
    result = translated(client, text=" 12 + 3\n\n`code` ", target_language="es")
    assert (result["text"], result["source_language"], result["detected"]) == (" 12 + 3\n\n`code` ", None, False)


def test_a_chat_is_refused_and_told_what_it_does(client: httpx.Client) -> None:
    chat = {"model": "translator", "messages": [{"role": "user", "content": "Hi"}]}
    answer = client.post("/generators/translator/v1/chat/completions", json=chat)
    assert answer.status_code == 404
    assert "its task is translation" in answer.json()["error"]["message"]


def test_the_languages_are_listed_and_offered_in_the_form(client: httpx.Client) -> None:
    listed = client.get(url("translator").replace("generate", "languages")).json()["languages"]
    assert [one["code"] for one in listed] == ["eng_Latn", "spa_Latn", "por_Latn"]
    assert "es" in listed[1]["aliases"]


def test_progress_is_told_and_the_text_comes_whole(client: httpx.Client) -> None:
    text = "\n\n".join(f"The dog sees {n} birds." for n in range(40))
    accepted = client.post(url("translator"), json={"text": text, "target_language": "es"}, headers=ASYNC)
    assert accepted.status_code == 202
    told = follow(client, accepted.json()["events_url"])
    assert told[-1].event == "job.succeeded"
    assert "job.token" not in {frame.event for frame in told}
    fractions = [frame.data["data"]["fraction"] for frame in told if "fraction" in frame.data["data"]]
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1.0
    lines = told[-1].data["data"]["result"]["result"]["text"].split("\n\n")
    assert len(lines) == 40
    assert all(str(n) in line for n, line in enumerate(lines))


async def test_many_callers_at_once_each_get_their_own(client: httpx.Client) -> None:
    animals = {"dog": "perro", "cat": "gato", "bird": "pájaro", "horse": "caballo", "wolf": "lobo", "bear": "oso"}

    async def ask(other: httpx.AsyncClient, animal: str) -> str:
        answer = await other.post(url("translator"), json={"text": f"The {animal} sleeps.", "target_language": "es"}, headers=WAIT)
        return str(answer.json()["result"]["text"])

    async with httpx.AsyncClient(base_url=client.base_url, timeout=60) as other:
        texts = await asyncio.gather(*(ask(other, animal) for animal in animals))
    assert texts == [f"El {spanish} duerme." for spanish in animals.values()]
