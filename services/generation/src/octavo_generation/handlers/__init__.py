"""How a generator's job is done: by its engine or by its providers, a file for each kind of result."""

from octavo_generation.handlers.handler import GeneratorHandler, ModelHandler
from octavo_generation.handlers.opening import Support, check_handler, open_handler

__all__ = ["GeneratorHandler", "ModelHandler", "Support", "check_handler", "open_handler"]
