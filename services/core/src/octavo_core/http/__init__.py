"""The HTTP application factory: what every service of Octavo answers in the same way."""

from octavo_core.http.app import create_app
from octavo_core.http.edge import Edge
from octavo_core.http.health import Check
from octavo_core.http.problems import PROBLEM_RESPONSES, problem_response

__all__ = ["PROBLEM_RESPONSES", "Check", "Edge", "create_app", "problem_response"]
