"""Builds the container images with whatever builds images on this machine, with or without an image registry: `./task images`.

It needs nothing beyond Python's standard library, so that it runs before anything is installed. What is computed (targets, inputs,
command lines, settings) stands apart from what acts (`rootfs`, `building`).
"""
