"""What may stand in a status of what a failing thing said: the line that says why, without secrets."""

from __future__ import annotations

import pytest

from octavo_operator.words import last_words, one_line, redact, same_but_numbers, without_passing

DIGEST = "0123456789abcdef" * 4

SECRETS = [
    ("postgresql://octavo:geheim@db:5432/octavo refused", "geheim"),
    ("postgresql://octavo:ge@he/im@db:5432/octavo refused", "he/im"),
    ("redis://:geheim@redis:6379/0", "geheim"),
    ("OPENAI_API_KEY=geheim1 is not accepted", "geheim1"),
    ('{"password": "sehr geheim", "user": "x"}', "geheim"),
    ("database-password: geheim", "geheim"),
    ("password 'geheim' is wrong", "geheim"),
    ("Authorization: Bearer geheimgeheim", "geheimgeheim"),
    ("got Basic dXNlcjpwYXNzd29yZA==", "dXNlcjpwYXNzd29yZA"),
    ("key sk-proj-abcdefghijklmnop1234 was revoked", "abcdefghijklmnop"),
    ("ghp_abcdefghijklmnopqrstuv0123456789 is bad", "abcdefghijklmnop"),
    ("AKIAIOSFODNN7EXAMPLE is unknown", "IOSFODNN7"),
    ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ4In0.c2lnbmF0dXJl expired", "eyJzdWIiOiJ4In0"),
    ("token aB3dE5fG7hJ9kL1mN3pQ5rS7tU9v is unknown", "aB3dE5fG7"),
    (f"seed {DIGEST} leaked", DIGEST),
    ("-----BEGIN PRIVATE KEY-----\nMIIgeheim\n-----END PRIVATE KEY----- cannot be read", "MIIgeheim"),
    ("-----BEGIN RSA PRIVATE KEY-----\nMIIgeheim", "MIIgeheim"),
    ("the word opensesame came up", "opensesame"),
]

PLAIN = [
    'password authentication failed for user "octavo"',
    'asyncpg.exceptions.InvalidPasswordError: password authentication failed for user "octavo"',
    "Access denied for user 'octavo'@'10.0.0.1' (using password: YES)",
    'secret "xai" not found',
    "couldn't find key apiKey in Secret prod/xai",
    "max_tokens=50 is too large",
    f'failed to resolve reference "registry.example/app@sha256:{DIGEST}": not found',
    "registry.example/app:0123456789abcdef0123456789abcdef01234567",
    "pod tiny-stories-worker-7d9f8b5c6d-x2x4z",
    "unauthorized: authentication required, basic authentication is off",
    "TransformersConverterImplementationForDistributedInference2 is missing",
    "InvalidToken: token expired",
    "0/3 nodes are available: 3 Insufficient nvidia.com/gpu.",
]

LOGS = [
    ("a plain last line", "starting\nboom\n", "boom"),
    ("a traceback", 'Traceback (most recent call last):\n  File "a.py", line 1, in x\n    y()\nValueError: bad', "ValueError: bad"),
    (
        "SQLAlchemy's advice and uvicorn's farewell",
        "sqlalchemy.exc.OperationalError: (x) boom\n(Background on this error at: https://e.example/20/e3q8)\n\n"
        "ERROR:    Application startup failed. Exiting.",
        "sqlalchemy.exc.OperationalError: (x) boom",
    ),
    (
        "our own last line",
        '{"event":"draining","level":"info"}\n{"event":"cannot reach redis at h:6379: no","level":"error","service":"api"}',
        "cannot reach redis at h:6379: no",
    ),
    ("an event and its reason", '{"event":"the worker cannot run","reason":"no model","level":"error"}', "the worker cannot run: no model"),
    (
        "an exception in JSON whose head is cut off",
        'p","exception":"Traceback (most recent call last):\\n  File\\nValueError: bad","event":"request failed","level":"error"}',
        "request failed: ValueError: bad",
    ),
    (
        "PostgreSQL",
        '2026-01-01 08:00:00.123 UTC [1] FATAL:  data directory "/d" has wrong ownership\n'
        "2026-01-01 08:00:00.123 UTC [1] HINT:  The server must be started by the user that owns the data directory.",
        'FATAL:  data directory "/d" has wrong ownership',
    ),
    (
        "MariaDB",
        "2026-01-01  8:00:00 0 [ERROR] InnoDB: The data file cannot be written\n2026-01-01  8:00:00 0 [ERROR] Aborting\n",
        "[ERROR] InnoDB: The data file cannot be written",
    ),
    (
        "Redis",
        "1:M 21 Nov 2026 08:00:00.000 # Fatal error, can't open config file '/etc/redis.conf': No such file or directory",
        "Fatal error, can't open config file '/etc/redis.conf': No such file or directory",
    ),
    ("an error before a farewell", "KeyError: 'x'\nbye", "KeyError: 'x'"),
    ("colours", "\x1b[31mError: red\x1b[0m", "Error: red"),
    ("nothing", " \n\n", ""),
]


@pytest.mark.parametrize(("text", "secret"), SECRETS, ids=[text[:30] for text, _ in SECRETS])
def test_secrets_are_taken_out(text: str, secret: str) -> None:
    assert secret in text
    assert secret not in redact(text, known=["opensesame"])
    assert "[redacted]" in redact(text, known=["opensesame"])


@pytest.mark.parametrize("text", PLAIN, ids=[text[:30] for text in PLAIN])
def test_what_people_need_stays(text: str) -> None:
    assert redact(text) == text


def test_no_half_of_a_secret_is_left_where_a_text_is_cut() -> None:
    text = "x" * 80 + " postgresql://octavo:" + "geheim" * 20 + "@db"
    assert "geheim" not in one_line(text, 120)


@pytest.mark.parametrize(("log", "said"), [case[1:] for case in LOGS], ids=[case[0] for case in LOGS])
def test_the_line_that_says_why(log: str, said: str) -> None:
    assert last_words(log) == said


def test_one_line_has_neither_breaks_nor_controls_and_is_bounded() -> None:
    assert one_line("a\r\n\tb\x00\x1b[1mc\u2028d  e\ud800", 100) == "a b c d e?"
    assert len(one_line("word " * 100, 50)) <= 50
    assert one_line("word " * 100, 50).endswith("…")


def test_numbers_alone_are_no_news_but_images_and_exit_codes_are() -> None:
    assert same_but_numbers("dial 10.0.0.1:443 refused", "dial 10.0.0.27:443 refused")
    assert not same_but_numbers("dial refused", "dial timed out")
    assert not same_but_numbers('cannot pull image "a:1": no', 'cannot pull image "a:2": no')
    assert not same_but_numbers("keeps ending (exit code 1)", "keeps ending (exit code 137)")


def test_a_callers_own_port_is_left_out() -> None:
    assert without_passing("lookup r: read udp 10.244.0.5:43434->10.96.0.10:53: i/o timeout") == "lookup r: i/o timeout"
