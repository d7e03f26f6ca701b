"""Fetching a picture from an address that a stranger gave: over real connections, with a name server that lies."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from tests.integration.generation.uploads.web import INSIDE, OUTSIDE, PICTURE, Resolver, Web, png, serving
from tests.servers.starting import free_port

from octavo_core.errors import InvalidInput, TooLarge, Unavailable, UnsupportedMedia
from octavo_core.pictures.limits import PictureLimits
from octavo_generation.tasks.image_description import load_picture
from octavo_generation.uploads.fetching import fetch_picture
from octavo_generation.uploads.limits import UploadLimits

REFUSED = "image_url: this address cannot be fetched from: it is not there, or it is not public"


@pytest.fixture
async def net() -> AsyncIterator[Web]:
    async with serving() as started:
        yield started


async def refused(net: Web, url: str, resolver: Resolver | None = None) -> None:
    with pytest.raises(InvalidInput) as caught:
        await fetch_picture(url, net.limits(), resolve=resolver)
    assert caught.value.message == REFUSED
    assert not net.inside, "the inside server was reached"


async def test_a_picture_comes_whole(net: Web) -> None:
    assert await fetch_picture(net.url("/picture/image_png"), net.limits()) == PICTURE


async def test_the_name_is_kept_and_the_connection_goes_to_the_address_that_was_checked(net: Web) -> None:
    resolver = Resolver(pictures_example=[[OUTSIDE]])
    assert await fetch_picture(net.url("/picture/x", "pictures.example"), net.limits(), resolve=resolver) == PICTURE
    ((_, host, headers),) = net.requests
    assert host == f"pictures.example:{net.port}"
    assert resolver.asked == ["pictures.example"]
    assert not {name.lower() for name in headers} & {"cookie", "authorization", "referer", "proxy-authorization"}


async def test_a_name_whose_answer_changes_is_asked_once(net: Web) -> None:
    resolver = Resolver(rebind_example=[[OUTSIDE], [INSIDE]])
    assert await fetch_picture(net.url("/picture/x", "rebind.example"), net.limits(), resolve=resolver) == PICTURE
    assert resolver.asked == ["rebind.example"]
    assert not net.inside


async def test_and_again_for_each_redirect_where_its_new_answer_is_checked(net: Web) -> None:
    net.redirects["self"] = f"http://rebind.example:{net.port}/picture/x"
    resolver = Resolver(rebind_example=[[OUTSIDE], [INSIDE]])
    await refused(net, net.url("/to/self", "rebind.example"), resolver)
    assert resolver.asked == ["rebind.example"] * 2


@pytest.mark.parametrize(
    "addresses",
    [[INSIDE], [OUTSIDE, INSIDE], [INSIDE, OUTSIDE], ["::1"], ["::ffff:127.0.0.2"], ["fe80::1%lo"], ["169.254.169.254"], [], ["x"]],
)
async def test_one_bad_address_of_a_name_spoils_all(net: Web, addresses: list[str]) -> None:
    await refused(net, net.url("/picture/x", "mixed.example"), Resolver(mixed_example=[addresses]))
    assert not net.requests


@pytest.mark.parametrize("host", [INSIDE, "127.2", "2130706434", "0x7f.0.0.2", "[::ffff:127.0.0.2]", "[::1]", "0.0.0.0"])
async def test_inside_addresses_are_not_connected_to(net: Web, host: str) -> None:
    await refused(net, net.url("/x", host))


async def test_a_name_that_is_not_there_is_told_in_the_same_words(net: Web) -> None:
    await refused(net, net.url("/x", "absent.example"), Resolver())


async def test_this_machines_own_resolver_is_checked_too(net: Web) -> None:
    assert await fetch_picture(net.url("/picture/x", "localhost"), net.limits()) == PICTURE
    with pytest.raises(InvalidInput, match="not public"):
        await fetch_picture(net.url("/picture/x", "localhost"), net.limits(networks=(ip_network(f"{INSIDE}/32"),)))
    assert len(net.requests) == 1


@pytest.mark.parametrize(
    "target",
    [
        f"http://{INSIDE}:PORT/x",
        "http://10.0.0.1:PORT/",
        "http://169.254.169.254:PORT/latest/meta-data/",
        "http://inner.example:PORT/x",
        "http://[::ffff:7f00:2]:PORT/x",
        "http://2130706434:PORT/x",
        f"//{INSIDE}:PORT/x",
        "http://127.0.0.1:1/",
        "https://127.0.0.1/",
    ],
)
async def test_redirects_to_the_inside_are_refused(net: Web, target: str) -> None:
    net.redirects["it"] = target.replace("PORT", str(net.port))
    await refused(net, net.url("/to/it"), Resolver(inner_example=[[INSIDE]]))
    assert len(net.requests) == 1


@pytest.mark.parametrize(
    "target", ["file:///etc/passwd", "gopher://127.0.0.1/", "", "http://", "http://u:p@127.0.0.1/", "http:///x", "http://a\\@b/", "data:,x"]
)
async def test_redirects_to_what_is_no_web_address(net: Web, target: str) -> None:
    net.redirects["it"] = target
    with pytest.raises(InvalidInput):
        await fetch_picture(net.url("/to/it"), net.limits())
    assert len(net.requests) == 1


async def test_redirects_are_followed_three_times_without_cookies(net: Web) -> None:
    net.redirects |= {"a": "/to/b", "b": "../to/c", "c": f"http://other.example:{net.port}/picture/x#part", "d": "/to/a"}
    resolver = Resolver(other_example=[[OUTSIDE]])
    assert await fetch_picture(net.url("/to/a"), net.limits(), resolve=resolver) == PICTURE
    assert [path for path, *_ in net.requests] == ["/to/a", "/to/b", "/to/c", "/picture/x"]
    assert not any("Cookie" in headers for *_, headers in net.requests)
    with pytest.raises(InvalidInput, match="more than 3 times"):
        await fetch_picture(net.url("/to/d"), net.limits(), resolve=resolver)


async def test_redirects_without_end(net: Web) -> None:
    with pytest.raises(InvalidInput, match="more than 3 times"):
        await fetch_picture(net.url("/around/0"), net.limits())
    assert len(net.requests) == 4


@pytest.mark.parametrize("status", [204, 206, 304, 400, 401, 403, 404, 410])
async def test_an_answer_without_a_picture(net: Web, status: int) -> None:
    with pytest.raises(InvalidInput, match=f"answered {status}"):
        await fetch_picture(net.url(f"/status/{status}"), net.limits())


@pytest.mark.parametrize("status", [429, 500, 503])
async def test_a_server_in_trouble_may_be_asked_again(net: Web, status: int) -> None:
    with pytest.raises(Unavailable) as caught:
        await fetch_picture(net.url(f"/status/{status}"), net.limits())
    assert caught.value.retryable


async def test_a_server_that_is_not_there(net: Web) -> None:
    port = free_port()
    with pytest.raises(Unavailable, match="cannot be reached") as caught:
        await fetch_picture(f"http://{OUTSIDE}:{port}/", net.limits(ports=frozenset({port})))
    assert OUTSIDE not in caught.value.message


async def test_a_body_without_end_is_cut_at_its_bound(net: Web) -> None:
    with pytest.raises(TooLarge):
        await fetch_picture(net.url("/endless"), net.limits(max_bytes=200_000))
    assert net.sent < 20_000_000


async def test_a_length_that_is_too_large_is_believed(net: Web) -> None:
    with pytest.raises(TooLarge):
        await fetch_picture(net.url("/claims"), net.limits(max_bytes=4_999_999))
    assert len(await fetch_picture(net.url("/claims"), net.limits(max_bytes=5_000_000))) == 5_000_000


@pytest.mark.parametrize("what", ["body", "headers"])
async def test_a_slow_server_is_left(net: Web, what: str) -> None:
    began = asyncio.get_running_loop().time()
    with pytest.raises(Unavailable, match="in time"):
        await fetch_picture(net.url(f"/slow/{what}"), net.limits(total_s=0.3))
    assert asyncio.get_running_loop().time() - began < 10


async def test_a_slow_name_server_is_left(net: Web) -> None:
    async def never(host: str, port: int) -> list[str]:
        await net.ended.wait()
        return [OUTSIDE]

    with pytest.raises(Unavailable, match="in time"):
        await fetch_picture(net.url("/x", "slow.example"), net.limits(connect_s=0.2), resolve=never)


async def test_a_body_that_unpacks_to_more_than_its_bound(net: Web) -> None:
    with pytest.raises(TooLarge):
        await fetch_picture(net.url("/gzip/bomb"), net.limits(max_bytes=1_048_576))
    assert net.requests[0][2]["Accept-Encoding"] == "identity"


async def test_a_packed_picture_is_unpacked_and_what_is_broken_is_refused(net: Web) -> None:
    assert await fetch_picture(net.url("/gzip/picture"), net.limits()) == PICTURE
    for broken in ("/gzip/cut", "/gzip/none"):
        with pytest.raises(InvalidInput, match="broken body"):
            await fetch_picture(net.url(broken), net.limits())
    with pytest.raises(InvalidInput, match="not asked for"):
        await fetch_picture(net.url("/brotli"), net.limits())


async def test_proxies_and_passwords_of_the_environment_are_left_alone(net: Web, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, net.url("", INSIDE))
    netrc = tmp_path / "netrc"
    netrc.write_text(f"machine {OUTSIDE} login me password secret\n")
    monkeypatch.setenv("NETRC", str(netrc))
    await fetch_picture(net.url("/picture/x"), net.limits())
    assert not net.inside
    assert "Authorization" not in net.requests[0][2]


async def test_tls_asks_for_the_name_and_believes_no_stranger(tmp_path: Path) -> None:
    asked = list[str | None]()
    context = certified("pictures.example", tmp_path / "pem")
    context.sni_callback = lambda _socket, name, _context: asked.append(name)
    async with serving(context) as net:
        with pytest.raises(Unavailable, match="cannot be reached"):
            await fetch_picture(
                f"https://pictures.example:{net.port}/picture/x", net.limits(), resolve=Resolver(pictures_example=[[OUTSIDE]])
            )
        assert asked == ["pictures.example"]
        assert not net.requests, "a certificate that nobody vouches for is no certificate"


def certified(name: str, file: Path) -> ssl.SSLContext:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(datetime.now(UTC) - timedelta(days=1))
        .not_valid_after(datetime.now(UTC) + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM) + pem)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    return context


async def test_many_at_once(net: Web) -> None:
    pictures = await asyncio.gather(*(fetch_picture(net.url("/picture/x"), net.limits()) for _ in range(30)))
    assert set(pictures) == {PICTURE}


async def test_the_content_and_not_the_header_says_what_it_is(net: Web) -> None:
    limits = UploadLimits(PictureLimits(), net.limits())
    picture = await load_picture({"image_url": net.url("/picture/text_html")}, limits)
    assert (picture.received_media_type, picture.width, picture.height) == ("image/png", 12, 7)
    with pytest.raises(UnsupportedMedia) as caught:
        await load_picture({"image_url": net.url("/page")}, limits)
    assert caught.value.faults[0].path == "image_url"


async def test_a_fetched_picture_of_too_many_pixels(net: Web) -> None:
    limits = UploadLimits(PictureLimits(max_pixels=83), net.limits())
    assert len(png()) < 1_000
    with pytest.raises(TooLarge, match="84 pixels"):
        await load_picture({"image_url": net.url("/picture/image_png")}, limits)
