"""The local writer of scripts: a grammar of scenes, in English and Spanish. No model, no network, no key.

It is simple, and says so: lines that were written by hand are put together by the beats of a template, with the names, the places and
the subject of the request. The same request with the same seed gives the same script.
"""

from __future__ import annotations

from octavo_generation.engines.scenes.lines import LANGUAGES
from octavo_generation.engines.scenes.writing import MODEL, NAME, SceneRequest, SceneWriter

__all__ = ["LANGUAGES", "MODEL", "NAME", "SceneRequest", "SceneWriter"]
