"""Sample answers in the vendors' wire formats, with latency, failures, limits and refusals to script.

Nothing in here thinks or paints for real.
"""

from octavo_fakes.app import create_fakes_app

__all__ = ["create_fakes_app"]
