"""How large a generator is to be where nobody scales it: as its resource says."""

from __future__ import annotations

from octavo_core.spec import GeneratorService
from octavo_operator.families import Family
from octavo_operator.reconcile import Sizing
from octavo_operator.resource import Key, Observed, Scale, Situation


class AsConfigured:
    """`spec.api.replicas` API pods and `spec.workers.min` workers, always."""

    def size(self, resource: GeneratorService, family: Family) -> Sizing:
        return Sizing(Scale(api=resource.spec.api.replicas, workers=resource.spec.workers.min))

    def reported(self, resource: GeneratorService, family: Family, situation: Situation, observed: Observed) -> None:
        """Nothing depends on it."""

    def forget(self, key: Key) -> None:
        """Nothing is remembered."""
