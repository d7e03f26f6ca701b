"""The environment variables of the Image Generator Service, for who moves here from it.

For generators with `task: image`: a field that the YAML writes counts; for one that it leaves out the variable counts, and without one
Octavo's default. Variables that are not set change nothing, and secrets are told by the names of their variables alone.
"""

from octavo_generation.image_service.filling import Filled, fill
from octavo_generation.image_service.variables import ImageServiceVariables, read_variables

__all__ = ["Filled", "ImageServiceVariables", "fill", "read_variables"]
