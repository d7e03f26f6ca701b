"""From a GeneratorService back to a mapping or to YAML, as a person would have written it."""

from __future__ import annotations

import json

from octavo_core.spec.resource import GeneratorService


def to_document(resource: GeneratorService) -> dict[str, object]:
    """YAML names, plain values, only what was given: `parse_resource` of it equals the resource."""
    given = resource.model_dump(mode="json", by_alias=True, exclude_unset=True, exclude_none=True)
    return {"apiVersion": resource.api_version, "kind": resource.kind, **given}


def to_yaml(resource: GeneratorService) -> str:
    """One YAML document; comments of a file that it was read from are not in it."""
    import yaml

    document = to_document(resource)
    # PyYAML folds these line breaks inside quotes and then reads something else; escaped they survive
    readable = not any(character in json.dumps(document, ensure_ascii=False) for character in "\x85\u2028\u2029")
    return str(yaml.safe_dump(document, sort_keys=False, allow_unicode=readable, width=120))
