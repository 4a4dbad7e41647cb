"""How bodies of the API are read."""

from typing import Any

from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser


class Json(JSONParser):
    """JSON. What is nested deeper than Python can follow is malformed, not our failure."""

    def parse(self, *args: Any, **kwargs: Any) -> Any:
        """The body. Raises ParseError."""
        try:
            return super().parse(*args, **kwargs)
        except RecursionError:
            raise ParseError("The body is nested too deeply.") from None
