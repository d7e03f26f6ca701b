"""Midjourney through a gateway of one's own with the API of midjourney-proxy: imagine a grid of four, then upscale pictures of it."""
