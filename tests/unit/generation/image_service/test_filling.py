"""The Image Generator Service's variables, and what of a resource they fill."""

from __future__ import annotations

from typing import Any

import pytest

from octavo_core.errors import Misconfigured
from octavo_core.spec import Spec, parse_resource
from octavo_generation.completing import FromEnvironment
from octavo_generation.image_service import Filled, fill, read_variables

README = {
    "OPENAI_API_KEY": "your-key-here",
    "AZURE_OPENAI_API_KEY": "your-key-here",
    "AZURE_OPENAI_ENDPOINT": "https://your-resource.openai.azure.com/",
    "AZURE_OPENAI_DEPLOYMENT_NAME": "your-dalle3-deployment",
    "FLUX_API_KEY": "your-key-here",
    "ENVIRONMENT": "development",
    "LOG_LEVEL": "INFO",
    "API_PORT": "8003",
    "ENABLED_PROVIDERS": "dalle3,flux_schnell",
    "DEFAULT_PROVIDER": "dalle3",
    "MAX_IMAGES_PER_REQUEST": "4",
    "ENABLE_PROMPT_ENHANCEMENT": "true",
    "ENABLE_IMAGE_STORAGE": "true",
    "STORAGE_BACKEND": "local",
    "ENABLE_AUTHENTICATION": "false",
    "ENABLE_CONTENT_MODERATION": "true",
    "BLOCKED_WORDS": "inappropriate,word1,word2",
}
KEYS = {"OPENAI_API_KEY": "sk-geheim", "FLUX_API_KEY": "bfl-geheim"}


def document(**spec: Any) -> dict[str, Any]:
    bare = {"apiVersion": "octavo.dev/v1alpha1", "kind": "GeneratorService", "metadata": {"name": "images"}}
    return {**bare, "spec": {"task": "image", **spec}}


def filled(variables: dict[str, str], **spec: Any) -> Filled:
    return fill(document(**spec), read_variables(variables))


def spec_of(variables: dict[str, str], **spec: Any) -> Spec:
    return parse_resource(filled(variables, **spec).document).spec


def providers(variables: dict[str, str], **spec: Any) -> list[tuple[str, str]]:
    return [(provider.name, provider.type) for provider in spec_of(variables, **spec).providers or ()]


def test_the_readmes_own_example() -> None:
    spec = spec_of(README)
    assert [(p.name, p.type, p.model) for p in spec.providers or ()] == [("dalle3", "openai", "dall-e-3"), ("flux_schnell", "flux", None)]
    assert spec.image_settings.model_dump(by_alias=False) == {"enhance_prompts": True, "max_per_request": 4, "store": True}
    assert (spec.storage.backend, spec.auth.mode) == ("local", "none")
    assert spec.moderation.enabled
    assert spec.moderation.blocked_words == ("inappropriate", "word1", "word2")


def test_what_the_yaml_says_counts() -> None:
    written = {
        "engine": {"name": "sketch", "model": "builtin://sketch"},
        "images": {"maxPerRequest": 9, "store": False},
        "moderation": {"enabled": False},
        "auth": {"mode": "jwt"},
        "storage": {"backend": "s3", "s3": {"bucket": "mine"}},
    }
    spec = spec_of({**README, "ENABLE_PROMPT_ENHANCEMENT": "false"}, **written)
    assert spec.providers is None
    assert spec.image_settings.model_dump(by_alias=False) == {"enhance_prompts": False, "max_per_request": 9, "store": False}
    assert not spec.moderation.enabled
    assert spec.moderation.blocked_words == ("inappropriate", "word1", "word2"), "the YAML says nothing of them"
    assert (spec.auth.mode, spec.storage.backend) == ("jwt", "s3")


def test_no_variable_no_change() -> None:
    written = document(engine={"name": "sketch", "model": "builtin://sketch"})
    assert fill(written, read_variables({})) == Filled(written)


def test_an_empty_variable_is_not_set() -> None:
    assert filled({"BLOCKED_WORDS": "", "STORAGE_BACKEND": "  ", "MAX_IMAGES_PER_REQUEST": ""}).variables == ()


@pytest.mark.parametrize("task", ["text", "image-description", "story"])
def test_other_tasks_are_left_alone(task: str) -> None:
    written = document() | {"spec": {"task": task}}
    assert fill(written, read_variables(README)) == Filled(written)


def test_the_document_that_was_given_is_not_changed() -> None:
    written = document(images={"store": False})
    fill(written, read_variables(README))
    assert written == document(images={"store": False})


class TestProviders:
    def test_those_whose_key_is_set(self) -> None:
        assert providers({"FLUX_API_KEY": "k"}) == [("flux_schnell", "flux")]
        assert providers({"OPENAI_API_KEY": "k"}) == [("dalle3", "openai")]
        assert providers(KEYS) == [("dalle3", "openai"), ("flux_schnell", "flux")]

    def test_the_default_is_asked_first(self) -> None:
        assert providers({**KEYS, "DEFAULT_PROVIDER": "flux_schnell"}) == [("flux_schnell", "flux"), ("dalle3", "openai")]

    def test_one_that_is_not_enabled_is_left_out(self) -> None:
        assert providers({**KEYS, "ENABLED_PROVIDERS": "flux_schnell"}) == [("flux_schnell", "flux")]

    def test_azure_where_all_three_are_set(self) -> None:
        azure = {
            "AZURE_OPENAI_API_KEY": "k",
            "AZURE_OPENAI_ENDPOINT": "https://mine.openai.azure.com/",
            "AZURE_OPENAI_DEPLOYMENT_NAME": "my-dalle3",
        }
        (provider,) = spec_of({**azure, "OPENAI_API_KEY": "k"}).providers or ()
        assert (provider.name, provider.type, provider.model) == ("dalle3", "azure-openai", "my-dalle3")
        assert provider.base_url == "https://mine.openai.azure.com/"
        assert provider.credentials is not None
        assert provider.credentials.env == "AZURE_OPENAI_API_KEY"

    def test_a_part_of_azure_is_refused_with_what_is_missing(self) -> None:
        with pytest.raises(Misconfigured, match="AZURE_OPENAI_ENDPOINT and AZURE_OPENAI_DEPLOYMENT_NAME: not set"):
            filled({"AZURE_OPENAI_API_KEY": "k"})

    @pytest.mark.parametrize("more", [{"ENABLED_PROVIDERS": "flux_schnell"}, {"FLUX_API_KEY": "k"}])
    def test_a_default_that_is_not_enabled_is_refused(self, more: dict[str, str]) -> None:
        with pytest.raises(Misconfigured, match="DEFAULT_PROVIDER: "):
            filled({"DEFAULT_PROVIDER": "dalle3", **more})

    def test_a_yaml_with_providers_asks_nothing_of_the_variables(self) -> None:
        sketch = [{"name": "sketch", "type": "sketch"}]
        assert providers({"AZURE_OPENAI_API_KEY": "k", "DEFAULT_PROVIDER": "dalle3"}, providers=sketch) == [("sketch", "sketch")]


class TestStorage:
    def test_s3(self) -> None:
        variables = {"STORAGE_BACKEND": "s3", "AWS_S3_BUCKET": "pictures", "AWS_REGION": "eu-west-1", **KEYS}
        storage = spec_of(variables).storage
        assert storage.s3 is not None
        assert (storage.backend, storage.s3.bucket, storage.s3.region, storage.credentials) == ("s3", "pictures", "eu-west-1", None)

    def test_azure_by_a_connection_string(self) -> None:
        text = "DefaultEndpointsProtocol=https;AccountName=mine;AccountKey=Z2VoZWlt==;EndpointSuffix=core.windows.net"
        found = filled({"STORAGE_BACKEND": "azure_blob", "AZURE_STORAGE_CONNECTION_STRING": text, **KEYS})
        storage = parse_resource(found.document).spec.storage
        assert storage.azure is not None
        assert (storage.azure.account, storage.azure.container, storage.azure.endpoint) == ("mine", "generated-images", None)
        assert storage.credentials is not None
        assert storage.credentials.env == "AZURE_STORAGE_CONNECTION_STRING"
        assert "Z2VoZWlt" not in str(found)

    def test_azure_by_account_and_key(self) -> None:
        variables = {"AZURE_STORAGE_ACCOUNT_NAME": "mine", "AZURE_STORAGE_ACCOUNT_KEY": "a2V5", "AZURE_STORAGE_CONTAINER_NAME": "here"}
        storage = spec_of({"STORAGE_BACKEND": "azure", **variables, **KEYS}).storage
        assert storage.azure is not None
        assert (storage.azure.account, storage.azure.container) == ("mine", "here")
        assert storage.credentials is not None
        assert storage.credentials.env == "AZURE_STORAGE_ACCOUNT_KEY"

    def test_the_yamls_retention_stays_beside_it(self) -> None:
        storage = spec_of({"STORAGE_BACKEND": "s3", "AWS_S3_BUCKET": "pictures", **KEYS}, storage={"retentionDays": 3}).storage
        assert (storage.backend, storage.retention_days) == ("s3", 3)

    @pytest.mark.parametrize(
        ("backend", "names"), [("s3", "AWS_S3_BUCKET"), ("azure", "AZURE_STORAGE_ACCOUNT_NAME")], ids=["bucket", "account"]
    )
    def test_what_a_backend_wants_is_asked_for(self, backend: str, names: str) -> None:
        with pytest.raises(Misconfigured, match=f"{names}: not set"):
            filled({"STORAGE_BACKEND": backend})


ENTRA = {"ENABLE_AUTHENTICATION": "true", "AZURE_AD_TENANT_ID": "contoso.onmicrosoft.com", "AZURE_AD_CLIENT_ID": "api://images"}


class TestAuthentication:
    def test_tokens_of_the_tenant_for_this_client(self) -> None:
        auth = spec_of({**ENTRA, **KEYS}).auth
        assert auth.mode == "oidc"
        assert auth.issuer == "https://login.microsoftonline.com/contoso.onmicrosoft.com/v2.0"
        assert auth.audience == "api://images"

    def test_of_another_cloud(self) -> None:
        auth = spec_of({**ENTRA, **KEYS, "AZURE_AUTHORITY_HOST": "https://login.microsoftonline.us/"}).auth
        assert auth.issuer == "https://login.microsoftonline.us/contoso.onmicrosoft.com/v2.0"

    @pytest.mark.parametrize("missing", ["AZURE_AD_TENANT_ID", "AZURE_AD_CLIENT_ID"])
    def test_half_a_lock_is_refused(self, missing: str) -> None:
        with pytest.raises(Misconfigured, match=f"{missing}: not set"):
            filled({name: value for name, value in ENTRA.items() if name != missing})

    def test_false_never_opens_what_the_yaml_shut(self) -> None:
        assert spec_of({"ENABLE_AUTHENTICATION": "false", **KEYS}, auth={"mode": "jwt"}).auth.mode == "jwt"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ENABLED_PROVIDERS", "dalle3,geheim"),
        ("ENABLED_PROVIDERS", ","),
        ("DEFAULT_PROVIDER", "geheim"),
        ("MAX_IMAGES_PER_REQUEST", "11"),
        ("MAX_IMAGES_PER_REQUEST", "geheim"),
        ("ENABLE_PROMPT_ENHANCEMENT", "geheim"),
        ("ENABLE_AUTHENTICATION", "geheim"),
        ("STORAGE_BACKEND", "geheim"),
        ("AZURE_OPENAI_ENDPOINT", "geheim"),
        ("AZURE_AD_TENANT_ID", "geheim/../x"),
        ("BLOCKED_WORDS", "geheim" * 100),
    ],
)
def test_a_bad_value_is_told_by_the_name_of_its_variable(name: str, value: str) -> None:
    with pytest.raises(Misconfigured) as caught:
        read_variables({name: value})
    assert caught.value.message.startswith(f"{name}: ")
    assert "geheim" not in caught.value.message


def test_keys_are_in_no_text_of_ours() -> None:
    found = filled({**README, **KEYS})
    assert "geheim" not in f"{found} {read_variables(KEYS)!r}"
    assert {"OPENAI_API_KEY", "FLUX_API_KEY", "ENABLED_PROVIDERS"} <= set(found.variables)


def test_a_process_without_an_image_generator_does_not_read_them() -> None:
    from_environment = FromEnvironment({"STORAGE_BACKEND": "tape"})
    text = {"metadata": {"name": "text"}, "spec": {"task": "text"}}
    assert from_environment(text) is text
    assert from_environment("no mapping") == "no mapping"
    with pytest.raises(Misconfigured, match="STORAGE_BACKEND"):
        from_environment(document())


def test_it_says_which_variables_count_for_which_generator() -> None:
    from_environment = FromEnvironment({"MAX_IMAGES_PER_REQUEST": "2", "BLOCKED_WORDS": "x"})
    from_environment(document(moderation={"blockedWords": ["y"]}))
    assert from_environment.used == {"images": ("MAX_IMAGES_PER_REQUEST",)}


@pytest.mark.parametrize("spec", [{"images": 3}, {"moderation": []}, {"storage": "s3"}, {"auth": True}])
def test_what_has_the_wrong_shape_is_left_for_the_parser_to_refuse(spec: dict[str, Any]) -> None:
    assert filled({**README, **KEYS}, **spec).document["spec"][next(iter(spec))] == next(iter(spec.values()))  # type: ignore[index]
