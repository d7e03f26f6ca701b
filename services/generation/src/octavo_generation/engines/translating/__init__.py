"""Texts into other languages: codes, layout, detection, and the models that translate sentences."""
