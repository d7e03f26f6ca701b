"""Names that others spell too: people, dashboards, other programs. They may not change by accident."""

from __future__ import annotations

from octavo_core.spec.schema import resource_schema
from octavo_operator import names
from octavo_operator.resource import COMPONENTS

LONGEST = resource_schema()["properties"]["metadata"]["properties"]["name"]["maxLength"]


def test_children_are_named_after_their_generator() -> None:
    assert [made("tales") for made in (names.api, names.worker, names.redis, names.database)] == [
        *("tales-api", "tales-worker", "tales-redis", "tales-db"),
    ]
    assert names.credentials("tales") == "tales-credentials"
    assert names.store_host("tales", names.redis("tales")) == "tales-redis-0.tales-stores"


def test_the_longest_name_fits_wherever_it_is_put() -> None:
    name = "a" * LONGEST
    for made in (names.api, names.worker, names.redis, names.database, names.stores, names.config, names.credentials, names.activator):
        assert len(made(name)) <= 63
    assert len(names.redis(name)) + len("-1234567890") <= 63, "controller-revision-hash of a StatefulSet's pods"


def test_selectors_are_part_of_the_labels() -> None:
    for component in COMPONENTS:
        assert names.selector("tales", component).items() <= names.labels("tales", component).items()
    assert names.selector_text("tales", "worker") == (
        "app.kubernetes.io/name=octavo-generator,app.kubernetes.io/instance=tales,app.kubernetes.io/component=worker"
    )
    assert names.MANAGED_SELECTOR == "app.kubernetes.io/managed-by=octavo-operator"
