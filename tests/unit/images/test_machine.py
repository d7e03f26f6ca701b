"""This machine's way to its packages, as files for a build: what is passed on, and what stays here."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from scripts.images.apt_sources import as_deb822, debian_sources, mirror
from scripts.images.machine import apt_conf, certificates, pip_conf, pip_settings, uv_toml

DEB822 = """\
Types: deb
# a comment between
URIs: http://mirror.example/debian
Suites: bookworm bookworm-updates
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb deb-src
URIs: http://mirror.example/debian-security/
Suites: bookworm-security
Components: main contrib

Types: deb
URIs: https://tools.example/node
Suites: nodistro
Components: main

Types: deb
URIs: https://stranger.example/debian
Suites: bookworm
Components: main
Signed-By: /etc/apt/keyrings/stranger.gpg

Types: deb
URIs: http://off.example/debian
Suites: bookworm
Components: main
Enabled: no
"""
ONE_LINE = """\
# deb http://commented.example/debian bookworm main
deb [arch=amd64 signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] https://other.example/debian bookworm main contrib # last
deb-src http://source.example/debian bookworm main
deb https://docker.example/linux/debian bookworm stable
deb cdrom:[Debian]/ bookworm main
deb http://old.example/debian bullseye main
"""


def test_debians_own_sources_are_found_in_both_forms() -> None:
    found = [(source.uri, source.suites) for source in debian_sources([ONE_LINE, DEB822], "bookworm")]
    assert found == [
        ("https://other.example/debian", ("bookworm",)),
        ("http://mirror.example/debian", ("bookworm", "bookworm-updates")),
        ("http://mirror.example/debian-security", ("bookworm-security",)),
    ]


def test_the_mirror_is_the_first_that_has_the_suite_itself() -> None:
    sources = debian_sources([DEB822], "bookworm")
    assert mirror(sources[1:], "bookworm") is None
    assert mirror(sources, "bookworm") == "http://mirror.example/debian"


def test_what_is_written_for_the_build_reads_as_what_was_found() -> None:
    sources = debian_sources([ONE_LINE, DEB822], "bookworm")
    assert debian_sources([as_deb822(sources)], "bookworm") == sources


def test_pips_environment_comes_before_its_files() -> None:
    listed = (
        ":env:.index-url='http://env.example/simple'\nglobal.index-url='http://file.example/simple'\nglobal.timeout='60'\nlist.format='x'\n"
    )
    assert pip_settings(listed) == {"index-url": "http://env.example/simple", "timeout": "60"}
    assert pip_settings("nonsense\nglobal.broken=notquoted\n") == {}


def test_a_pip_conf_holds_what_a_build_can_use() -> None:
    settings = {
        "index-url": "http://env.example/simple",
        "cert": "/etc/ssl/company.pem",
        "find-links": "/opt/wheels http://links.example/",
        "no-color": "1",
    }
    assert pip_conf(settings) == "[global]\nindex-url = http://env.example/simple\nfind-links = http://links.example/\n"
    assert pip_conf({"find-links": "/opt/wheels"}) is None


def test_uv_gets_pips_index_unless_it_has_its_own() -> None:
    settings = {"index-url": "http://pip.example/simple", "trusted-host": "pip.example"}
    assert tomllib.loads(uv_toml(settings, {}) or "") == {"index-url": "http://pip.example/simple", "allow-insecure-host": ["pip.example"]}
    own = {"UV_DEFAULT_INDEX": "company=https://uv.example/simple", "UV_INDEX": "https://a.example/ https://b.example/"}
    assert tomllib.loads(uv_toml(settings, own) or "") == {
        "index-url": "https://uv.example/simple",
        "extra-index-url": ["https://a.example/", "https://b.example/"],
        "allow-insecure-host": ["pip.example"],
    }
    assert uv_toml({}, {}) is None


def test_apt_gets_the_proxies_and_the_place_of_the_certificates() -> None:
    dumped = 'Acquire "";\nAcquire::http "";\nAcquire::http::Proxy "http://proxy.example:3128";\nAcquire::https::Proxy "";\nAPT::Foo "1";\n'
    assert apt_conf(dumped, bundle=False) == 'Acquire::http::Proxy "http://proxy.example:3128";\n'
    assert (apt_conf("", bundle=True) or "").startswith('Acquire::https::CaInfo "/run/secrets/')
    assert apt_conf("", bundle=False) is None


@pytest.mark.parametrize("variable", ["PIP_CERT", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
def test_the_bundle_is_the_one_that_the_clients_are_told_of(tmp_path: Path, variable: str) -> None:
    bundle = tmp_path / "company.pem"
    bundle.write_text("certificates")
    assert certificates({}, {variable: str(bundle)}) == bundle
    assert certificates({"cert": str(bundle)}, {variable: str(tmp_path / "gone.pem")}) == bundle
    assert certificates({}, {}) is None
