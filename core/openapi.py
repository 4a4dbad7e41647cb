"""What the description of the API says about every operation alike: what it does in one line, how it refuses."""

from typing import Any

_ERROR = {
    "type": "object",
    "description": "Every refusal has this shape.",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["code", "message", "fields"],
            "properties": {
                "code": {"type": "string", "description": "For programs, for example `move_not_allowed`."},
                "message": {"type": "string", "description": "For people: what is wrong and what to do."},
                "fields": {
                    "type": "object",
                    "description": "Sentences by field; names of inner fields are joined by dots.",
                    "additionalProperties": {"type": "array", "items": {"type": "string"}},
                },
            },
        }
    },
}
_ALWAYS = {"401": "Nobody is known by this key.", "403": "The role or the key's scope does not allow it."}
_WITH_BODY = {"400": "The body is not valid.", "409": "It cannot be done as things stand."}
_METHODS = ("get", "post", "put", "patch", "delete")


def with_errors(result: dict[str, Any], generator: object, request: object, public: bool) -> dict[str, Any]:
    """Add a summary and the error shape to every operation."""
    result.setdefault("components", {}).setdefault("schemas", {})["Error"] = _ERROR
    for path, operations in result["paths"].items():
        for method in _METHODS:
            if method in operations:
                _refuse(path, method, operations[method]["responses"])
                _sum_up(operations[method])
    return result


def _sum_up(operation: dict[str, Any]) -> None:
    """Where no summary is given, the docstring's first sentence is one."""
    first, _, _ = operation.get("description", "").strip().partition("\n")
    if first:
        operation.setdefault("summary", first.rstrip("."))


def _refuse(path: str, method: str, responses: dict[str, Any]) -> None:
    refusals = dict(_ALWAYS)
    if method != "get":
        refusals.update(_WITH_BODY)
    if "{" in path:
        refusals["404"] = "There is no such thing."
    for status, description in refusals.items():
        responses.setdefault(
            status,
            {
                "description": description,
                "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}},
            },
        )
