"""The strings and lists that several parts of the resource share. `x-octavo-allowed` is the pattern in plain words."""

from __future__ import annotations

from typing import Annotated

from pydantic import BeforeValidator, Field, Strict

Loose = Strict(False)
"""For tuples: YAML has lists, and the model is frozen."""

_LABEL = "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"
_DOTTED = "^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$"
_SERVICE_NAME = "^[a-z]([-a-z0-9]*[a-z0-9])?$"
_QUANTITY = "^([0-9]+(\\.[0-9]*)?|\\.[0-9]+)([KMGTPE]i|[numkMGTPE]|[eE][-+]?[0-9]+)?$"

ResourceName = Annotated[
    str,
    Field(
        min_length=1,
        max_length=46,
        pattern=_SERVICE_NAME,
        json_schema_extra={"x-octavo-allowed": "1 to 46 lower case letters, digits and hyphens, a letter first, no hyphen last"},
    ),
]
"""DNS-1035 label, for a Service is named after it, of at most 46 characters: what is added to it must still fit into 63, and the
longest is what Kubernetes makes of a StatefulSet's name for a label of its pods: `-redis-` and ten digits."""

Label = Annotated[
    str,
    Field(
        min_length=1,
        max_length=63,
        pattern=_LABEL,
        json_schema_extra={"x-octavo-allowed": "1 to 63 lower case letters, digits and hyphens, a letter or digit at both ends"},
    ),
]

ProviderName = Annotated[
    str,
    Field(
        min_length=1,
        max_length=63,
        pattern="^[a-z0-9]([-_a-z0-9]*[a-z0-9])?$",
        json_schema_extra={
            "x-octavo-allowed": "1 to 63 lower case letters, digits, hyphens and underscores, a letter or digit at both ends"
        },
    ),
]

ImageName = Annotated[
    str,
    Field(
        min_length=1,
        max_length=512,
        pattern="^[-a-zA-Z0-9_./:@]+$",
        json_schema_extra={"x-octavo-allowed": "the name of a container image, such as example.org/octavo/worker:1.2"},
    ),
]

HostName = Annotated[
    str,
    Field(
        min_length=1,
        max_length=253,
        pattern=_DOTTED,
        json_schema_extra={"x-octavo-allowed": "a host name in lower case, such as stories.example.org"},
    ),
]

ObjectName = Annotated[
    str,
    Field(
        min_length=1,
        max_length=253,
        pattern=_DOTTED,
        json_schema_extra={"x-octavo-allowed": "the name of a Kubernetes object: lower case letters, digits, hyphens and dots"},
    ),
]

RouteHost = Annotated[
    str,
    Field(
        min_length=1,
        max_length=253,
        pattern="^(\\*\\.)?[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$",
        json_schema_extra={"x-octavo-allowed": "a host name in lower case, such as stories.example.org or *.example.org"},
    ),
]

SecretKey = Annotated[
    str,
    Field(
        min_length=1,
        max_length=253,
        pattern="^[-._a-zA-Z0-9]+$",
        json_schema_extra={"x-octavo-allowed": "letters, digits, hyphens, dots and underscores"},
    ),
]

EnvironmentName = Annotated[
    str,
    Field(
        min_length=1,
        max_length=128,
        pattern="^[A-Za-z_][A-Za-z0-9_]*$",
        json_schema_extra={"x-octavo-allowed": "the name of an environment variable, such as XAI_API_KEY (the name, not the value)"},
    ),
]

HttpUrl = Annotated[
    str,
    Field(
        max_length=512,
        # no user information: a password in a URL would stand in the resource for everyone to read
        pattern="^https?://(\\[[0-9a-fA-F:.]+\\]|[^\\s/?#@:]+)(:[0-9]{1,5})?(/[^\\s?#]*)?$",
        json_schema_extra={"x-octavo-allowed": "an http:// or https:// URL without user name, query or fragment"},
    ),
]

Quantity = Annotated[
    str,
    Field(
        max_length=32,
        pattern=_QUANTITY,
        json_schema_extra={
            "x-octavo-allowed": 'a Kubernetes quantity, which is a whole number or text such as 500m, 2Gi or "0.5"',
            "x-kubernetes-int-or-string": True,
        },
    ),
    # after the field, so that it runs before; before it, it would keep the pattern out of the schema
    BeforeValidator(lambda value: str(value) if isinstance(value, int) and not isinstance(value, bool) else value),
]
"""Kubernetes' quantity, kept as the text that was written."""
