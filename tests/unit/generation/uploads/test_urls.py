"""URLs that strangers send, as far as they can be judged without asking a DNS server."""

from __future__ import annotations

import ipaddress

import pytest

from octavo_core.errors import InvalidInput
from octavo_core.net import check_url
from octavo_core.net.addresses import is_allowed
from octavo_generation.uploads.limits import FetchLimits, UploadSettings

PUBLIC = FetchLimits()

INSIDE = [
    # Loopback, in every spelling that a C library or a browser takes.
    "http://127.0.0.1/",
    "http://127.0.0.1:80/a.png",
    "https://127.8.9.10/",
    "http://127.1/",
    "http://127.0.1/",
    "http://2130706433/",
    "http://0x7f000001/",
    "http://0x7f.0.0.1/",
    "http://0x7F.1/",
    "http://0177.0.0.1/",
    "http://017700000001/",
    "http://127.0.0.1./",
    "http://0/",
    "http://0.0.0.0/",
    "http://00000.0/",
    "http://１２７.０.０.１/",
    "http://127。0。0。1/",
    "http://①②⑦.0.0.1/",
    "http://[::1]/",
    "http://[::]/",
    "http://[0:0:0:0:0:0:0:1]/",
    "http://[::ffff:127.0.0.1]/",
    "http://[::ffff:7f00:1]/",
    "http://[::127.0.0.1]/",
    # Private networks.
    "http://10.0.0.1/",
    "http://10.255.255.255/",
    "http://172.16.0.1/",
    "http://172.31.255.1/",
    "http://192.168.1.1/",
    "http://0300.0250.1.1/",
    "http://3232235777/",
    "http://[fc00::1]/",
    "http://[fd12:3456:789a::1]/",
    "http://[fec0::1]/",
    "http://[::ffff:10.0.0.1]/",
    # Link-local, and the clouds' metadata.
    "http://169.254.169.254/latest/meta-data/",
    "http://2852039166/",
    "http://0xa9fea9fe/",
    "http://0251.0376.0251.0376/",
    "http://[::ffff:169.254.169.254]/",
    "http://[fe80::1]/",
    "http://[fd00:ec2::254]/",
    "http://168.63.129.16/",
    "http://100.100.100.200/",
    # Carriers' networks, tests, documentation, multicast, broadcast, what is reserved.
    "http://100.64.0.1/",
    "http://100.127.255.254/",
    "http://192.0.0.1/",
    "http://192.0.2.1/",
    "http://198.18.0.1/",
    "http://198.51.100.1/",
    "http://203.0.113.1/",
    "http://192.88.99.1/",
    "http://224.0.0.1/",
    "http://239.255.255.250/",
    "http://240.0.0.1/",
    "http://255.255.255.255/",
    "http://[ff02::1]/",
    "http://[2001:db8::1]/",
    "http://[3fff::1]/",
    "http://[100::1]/",
    "http://[5f00::1]/",
    # IPv4 inside IPv6: NAT64, 6to4, Teredo.
    "http://[64:ff9b::127.0.0.1]/",
    "http://[64:ff9b::a9fe:a9fe]/",
    "http://[64:ff9b:1::1]/",
    "http://[2002:7f00:1::]/",
    "http://[2002:a00:1::1]/",
    "http://[2001:0:4136:e378:8000:63bf:3fff:fdd2]/",
    # Names that are never public.
    "http://localhost/",
    "http://LOCALHOST./",
    "http://a.localhost/",
    "http://printer.local/",
    "http://metadata.google.internal/computeMetadata/v1/",
    "http://redis.default.svc/",
    "http://kubernetes.default.svc.cluster.local/",
    # Other ports.
    "http://example.com:22/",
    "http://example.com:6379/",
    "https://example.com:8443/",
    "http://example.com:0/",
]

NO_URL = [
    "",
    "example.com/a.png",
    "//example.com/a.png",
    "file:///etc/passwd",
    "ftp://example.com/a.png",
    "gopher://127.0.0.1:6379/_INFO",
    "data:image/png;base64,AAAA",
    "javascript:alert(1)",
    "http:",
    "http:example.com",
    "http:/example.com",
    "http:///example.com/",
    "http://",
    "http://:80/",
    "http://user@example.com/",
    "http://user:secret@example.com/",
    "http://@example.com/",
    "http://example.com@127.0.0.1/",
    "http://127.0.0.1:80@example.com/",
    "http://example.com\\@127.0.0.1/",
    "http://example.com\\.evil/",
    "http://exam ple.com/",
    "http://example.com/a b",
    "http://exa\tmple.com/",
    "http://example.com/\r\nHost: inside",
    "http://example.com/\x00",
    " http://example.com/",
    "http://127.0.0.1%2f@example.com/",
    "http://127.0.0.%31/",
    "http://example%2ecom/",
    "http://[::1/",
    "http://[fe80::1%25eth0]/",
    "http://[::1]x/",
    "http://example.com:port/",
    "http://example.com:80:80/",
    "http://example.com:99999/",
    "http://example.com:-1/",
    "http://a..b/",
    "http://-a.com/",
    "http://256.256.256.256/",
    "http://1.2.3.4.5/",
    "http://0x100000000/",
    "http://" + "a" * 64 + ".com/",
    "http://" + "a." * 130 + "com/",
    "http://example.com/" + "a" * 2_048,
    "http://exa$mple.com/",
    "http://exa,mple.com/",
]

FINE = [
    ("http://example.com/a.png", "http://example.com/a.png"),
    ("HTTPS://Example.COM/A.png?x=1&y=%20#part", "https://example.com/A.png?x=1&y=%20"),
    ("http://example.com", "http://example.com"),
    ("http://example.com:443/", "http://example.com:443/"),
    ("https://bücher.example/ü.png", "https://xn--bcher-kva.example/%C3%BC.png"),
    ("http://example.com/a@b.png?q=user@host", "http://example.com/a@b.png?q=user@host"),
    ("http://8.8.8.8/", "http://8.8.8.8/"),
    ("http://134744072/", "http://8.8.8.8/"),
    ("http://0x8.0x8.2056/", "http://8.8.8.8/"),
    ("http://[2606:4700::1111]/", "http://[2606:4700::1111]/"),
    ("http://[64:ff9b::8.8.8.8]/", "http://[64:ff9b::808:808]/"),
    ("http://my_bucket.example.com./", "http://my_bucket.example.com./"),
    ("http://localhost.example.com/", "http://localhost.example.com/"),
]


def test_the_tables_are_long_enough_to_mean_something() -> None:
    assert len(set(INSIDE)) >= 60
    assert len(set(NO_URL)) >= 40


@pytest.mark.parametrize("url", INSIDE)
def test_what_leads_inside_is_refused_in_the_same_words(url: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        check_url(url, PUBLIC)
    (fault,) = caught.value.faults
    assert fault.path == "image_url"
    assert caught.value.message == "image_url: this address cannot be fetched from: it is not there, or it is not public"
    assert fault.allowed == "public addresses, ports 80, 443"


@pytest.mark.parametrize("url", NO_URL)
def test_what_two_parsers_could_read_in_two_ways_is_no_url(url: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        check_url(url, PUBLIC)
    assert caught.value.faults[0].path == "image_url"
    assert url not in caught.value.message or not url


@pytest.mark.parametrize(("url", "meant"), FINE)
def test_public_addresses_are_taken(url: str, meant: str) -> None:
    assert str(check_url(url, PUBLIC)) == meant


def test_an_allowed_network_opens_itself_and_nothing_else() -> None:
    limits = UploadSettings(fetch_allow="10.1.0.0/16, fd00::/64", fetch_ports="80,9000").upload_limits().fetch
    assert check_url("http://10.1.2.3:9000/", limits).port == 9000
    assert check_url("http://[::ffff:10.1.2.3]/", limits).host
    assert check_url("http://[fd00::1]/", limits).host
    for url in ("http://10.2.0.1/", "http://127.0.0.1/", "https://10.1.2.3/", "http://10.1.2.3:22/"):
        with pytest.raises(InvalidInput):
            check_url(url, limits)


def test_an_allowed_host_is_that_name_only() -> None:
    limits = UploadSettings(fetch_allow="Pictures.internal").upload_limits().fetch
    check_url("http://pictures.INTERNAL/", limits)
    for url in ("http://other.internal/", "http://a.pictures.internal/", "http://10.0.0.1/"):
        with pytest.raises(InvalidInput):
            check_url(url, limits)


@pytest.mark.parametrize(
    "bad", [{"fetch_ports": "0"}, {"fetch_ports": ""}, {"fetch_ports": "http"}, {"fetch_ports": "70000"}, {"fetch_allow": "10.0.0.0/99"}]
)
def test_bad_settings_are_refused_at_start(bad: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=next(iter(bad))):
        UploadSettings(**bad)  # type: ignore[arg-type]


def test_settings_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OCTAVO_FETCH_PORTS", "8080, 80")
    monkeypatch.setenv("OCTAVO_FETCH_ALLOW", "127.0.0.1, example.internal,10.0.0.0/8")
    monkeypatch.setenv("OCTAVO_UPLOAD_MAX_BYTES", "2048")
    limits = UploadSettings().upload_limits()
    assert limits.fetch.ports == {80, 8080}
    assert limits.fetch.hosts == {"example.internal"}
    assert limits.fetch.networks == (ipaddress.ip_network("127.0.0.1/32"), ipaddress.ip_network("10.0.0.0/8"))
    assert limits.fetch.max_bytes == limits.picture.max_bytes == 2048


def test_no_address_of_a_special_network_is_public() -> None:
    special = (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "224.0.0.0/3",
    )
    for text in (*special, "::/8", "100::/8", "fc00::/7", "fe80::/10", "fec0::/10", "ff00::/8", "2002::/16", "4000::/2"):
        network = ipaddress.ip_network(text)
        for address in (network[0], network[1], network[network.num_addresses // 2], network[-1]):
            assert not is_allowed(address), address
