"""Where the pages are told that others are."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from octavo_core.errors import NotFound
from octavo_web.adapters.services_api import ServicesApi
from octavo_web.settings import WebSettings


def test_a_generator_of_its_own_address_is_found_by_its_whole_name() -> None:
    settings = WebSettings(generator_urls={"tales": "http://a.svc/", "tales-2": "http://b.svc"})
    services = ServicesApi(settings.bases(), timeout_s=1)
    assert services._url("/generators/tales/api/v1/jobs") == "http://a.svc/generators/tales/api/v1/jobs"
    assert services._url("/generators/tales-2/api/v1/jobs") == "http://b.svc/generators/tales-2/api/v1/jobs"
    for path in ("/generators", "/generators/other/api/v1/jobs", "/generators/tale/x"):
        with pytest.raises(NotFound):
            services._url(path)


def test_without_any_one_platform_has_them_all() -> None:
    settings = WebSettings(generators_url="http://platform:8080/")
    assert settings.generator_names is None
    assert ServicesApi(settings.bases(), timeout_s=1)._url("/generators") == "http://platform:8080/generators"


@pytest.mark.parametrize("urls", [{"Tales": "http://a"}, {"tales": "a:80"}, {"../x": "http://a"}, {"tales": "javascript:alert(1)"}])
def test_an_address_that_is_none_is_refused(urls: dict[str, str]) -> None:
    with pytest.raises(ValidationError, match="names of generators"):
        WebSettings(generator_urls=urls)
