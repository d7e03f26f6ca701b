"""Request bodies: faults that name their place, and what makes two requests the same."""

from __future__ import annotations

import pytest
from tests.servers.generators import text_generator

from octavo_core.errors import InvalidInput, MalformedBody, TooLarge
from octavo_core.spec import Spec, parse_resource
from octavo_generation.api.bodies import body_hash, check_length, parse, parse_items
from octavo_generation.tasks.text import TextRequest


def test_all_faults_are_told_at_once() -> None:
    with pytest.raises(InvalidInput) as caught:
        parse(TextRequest, b'{"prompt": 3, "seed": -1, "more": 1}')
    assert {fault.path for fault in caught.value.faults} == {"prompt", "seed", "more"}
    assert type(caught.value) is InvalidInput


def test_of_very_many_faults_fifty_are_told() -> None:
    body = "{" + ",".join(f'"f{n}":0' for n in range(300)) + "}"
    with pytest.raises(InvalidInput) as caught:
        parse(TextRequest, body.encode())
    assert len(caught.value.faults) == 50
    assert len(caught.value.message) < 1_000


def test_a_long_name_of_a_field_is_not_repeated_whole() -> None:
    with pytest.raises(InvalidInput) as caught:
        parse(TextRequest, b'{"prompt": "x", "' + b"f" * 100_000 + b'": 1}')
    assert len(caught.value.message) < 1_000


def test_broken_json_says_where() -> None:
    with pytest.raises(MalformedBody, match="line 1 column 12"):
        parse(TextRequest, b'{"prompt": }')


def test_faults_of_a_batch_bear_the_index_of_their_item() -> None:
    with pytest.raises(InvalidInput) as caught:
        parse_items(TextRequest, b'[{"prompt": "x"}, {"prompt": ""}, {"prompt": "x", "seed": "1"}, 5]', 10)
    assert [fault.path for fault in caught.value.faults] == ["[1].prompt", "[2].seed", "[3]"]


def test_a_batch_of_as_many_as_allowed() -> None:
    assert len(parse_items(TextRequest, b"[" + b",".join([b'{"prompt": "x"}'] * 3) + b"]", 3)) == 3
    with pytest.raises(InvalidInput, match="at most 3"):
        parse_items(TextRequest, b"[" + b",".join([b'{"prompt": "x"}'] * 4) + b"]", 3)


def test_the_same_request_in_another_spelling_has_the_same_hash() -> None:
    one = parse(TextRequest, b'{"prompt":"x","seed":1}')
    other = parse(TextRequest, b' { "seed" : 1, "system": null, "prompt": "\\u0078" } ')
    assert body_hash(one) == body_hash(other)


def test_another_request_has_another_hash() -> None:
    bodies = [b'{"prompt":"x"}', b'{"prompt":"y"}', b'{"prompt":"x","seed":0}', b'{"prompt":"x","system":"x"}']
    requests = [parse(TextRequest, body) for body in bodies]
    hashes = {body_hash(request) for request in requests} | {body_hash(*requests), body_hash(*reversed(requests)), body_hash(*requests[:2])}
    assert len(hashes) == 7


def test_the_bound_counts_all_that_the_person_wrote() -> None:
    spec: Spec = parse_resource(text_generator("x", "http://h/v1", limits={"maxPromptChars": 5})).spec
    check_length(TextRequest(prompt="xxx", system="yy"), spec)
    with pytest.raises(TooLarge, match="6 characters; this generator takes 5"):
        check_length(TextRequest(prompt="xxx", system="yyy"), spec)
