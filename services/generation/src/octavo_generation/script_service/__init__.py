"""The environment variables of the Script Generation Service, for who moves here from it.

For generators with `task: script`: a field that the YAML writes counts; for one that it leaves out the variable counts, and without one
Octavo's default. Variables that are not set change nothing, and keys are told by the names of their variables alone.
"""

from octavo_generation.script_service.filling import fill
from octavo_generation.script_service.variables import ScriptServiceVariables, read_variables

__all__ = ["ScriptServiceVariables", "fill", "read_variables"]
