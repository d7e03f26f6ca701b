"""From a GeneratorService back to a mapping or to YAML, as a person would have written it."""

from __future__ import annotations

from octavo_core.spec.resource import GeneratorService


def to_document(resource: GeneratorService) -> dict[str, object]:
    """YAML names, plain values, only what was given: `parse_resource` of it equals the resource."""
    given = resource.model_dump(mode="json", by_alias=True, exclude_unset=True, exclude_none=True)
    return {"apiVersion": resource.api_version, "kind": resource.kind, **given}


def to_yaml(resource: GeneratorService) -> str:
    """One YAML document; comments of a file that it was read from are not in it."""
    import yaml

    return str(yaml.safe_dump(to_document(resource), sort_keys=False, allow_unicode=True, width=120))
