"""The HTTP application factory: what every service of Octavo answers in the same way."""

from octavo_core.http.app import create_app
from octavo_core.http.door import configure_door
from octavo_core.http.edge import Edge
from octavo_core.http.health import Check
from octavo_core.http.lifespan import lifespan_of
from octavo_core.http.problems import PROBLEM_RESPONSES, problem_response
from octavo_core.http.security_headers import SecuredAnswers

__all__ = [
    "PROBLEM_RESPONSES",
    "Check",
    "Edge",
    "SecuredAnswers",
    "configure_door",
    "create_app",
    "lifespan_of",
    "problem_response",
]
