"""The caller, as every service sees it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Role = Literal["user", "admin", "service"]


@dataclass(frozen=True, slots=True)
class Principal:
    user: str
    role: Role = "user"

    @property
    def sees_all(self) -> bool:
        """May read what belongs to others."""
        return self.role in ("admin", "service")


ANONYMOUS = Principal("anonymous")
"""Everyone, where a generator asks for no token: such callers share one user."""
