"""Stability AI's API for pictures, version v2beta: one form, one picture."""
