"""The evaluator of CEL expressions, without its command line.

The package imports that first of all, and with it three libraries for terminals: more than a tenth of the time that
each of our commands and processes needs to start.
"""

import sys
from types import ModuleType

_COMMAND_LINE = "cel.cli"

_is_first = _COMMAND_LINE not in sys.modules
if _is_first:
    sys.modules[_COMMAND_LINE] = ModuleType(_COMMAND_LINE)
try:
    from cel import Context, Program, compile  # noqa: A004  as the library names it
finally:
    if _is_first:
        del sys.modules[_COMMAND_LINE]

__all__ = ["Context", "Program", "compile"]
