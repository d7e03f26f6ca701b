"""Generation's own tables, in the database of the jobs: what was spent at the providers, and which pictures are kept."""

from octavo_generation.store.opening import GenerationStore, open_generation_store

__all__ = ["GenerationStore", "open_generation_store"]
