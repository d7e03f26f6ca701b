"""Stable Diffusion's web UI (AUTOMATIC1111's, and those that answer on its paths) on a machine of one's own."""
