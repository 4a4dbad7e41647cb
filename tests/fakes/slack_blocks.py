"""Slack's Block Kit as far as a responder's messages need it: the limits Slack enforces, the buttons, the links.

Limits: https://docs.slack.dev/reference/block-kit/blocks and its pages on elements and composition objects.
"""

import re
from collections.abc import Iterator
from typing import Any

Block = dict[str, Any]

MAX_BLOCKS = 50
_MAX_TEXT = {"section": 3000, "header": 150}
_MAX_FIELDS, _MAX_FIELD, _MAX_ELEMENTS, _MAX_CONTEXT = 10, 2000, 25, 10
_MAX_BUTTON, _MAX_VALUE, _MAX_URL, _MAX_ID = 75, 2000, 3000, 255
_LINK = re.compile(r"<(https?://[^|>\s]+)")


def problem(blocks: list[Block]) -> str | None:
    """Why Slack would refuse these blocks with `invalid_blocks`; None where it would not."""
    if len(blocks) > MAX_BLOCKS:
        return f"no more than {MAX_BLOCKS} items allowed"
    for number, block in enumerate(blocks):
        found = _problem_of(block)
        if found:
            return f"{found} [json-pointer:/blocks/{number}]"
    ids = [block["block_id"] for block in blocks if "block_id" in block]
    return "block_ids must be unique" if len(ids) != len(set(ids)) else None


def _problem_of(block: Block) -> str | None:
    kind = block.get("type")
    if len(block.get("block_id", "")) > _MAX_ID:
        return "block_id too long"
    if kind in _MAX_TEXT:
        fields = block.get("fields", [])
        text = block.get("text", {}).get("text", "")
        if len(text) > _MAX_TEXT[kind]:
            return f"must be less than {_MAX_TEXT[kind] + 1} characters"
        if not text and not fields:
            return "missing required field: text"
        if len(fields) > _MAX_FIELDS or any(len(one["text"]) > _MAX_FIELD for one in fields):
            return "too many or too long fields"
    elements = block.get("elements", [])
    if kind == "actions" and not 1 <= len(elements) <= _MAX_ELEMENTS:
        return f"between 1 and {_MAX_ELEMENTS} elements required"
    if kind == "context" and not 1 <= len(elements) <= _MAX_CONTEXT:
        return f"between 1 and {_MAX_CONTEXT} elements required"
    return next((found for button in _buttons_of(block) if (found := _problem_of_button(button))), None)


def _problem_of_button(button: Block) -> str | None:
    text = button.get("text", {})
    if text.get("type") != "plain_text" or not 0 < len(text.get("text", "")) <= _MAX_BUTTON:
        return f"a button's text is plain_text of 1 to {_MAX_BUTTON} characters"
    if len(button.get("value", "")) > _MAX_VALUE or len(button.get("url", "")) > _MAX_URL:
        return "a button's value or url is too long"
    if len(button.get("action_id", "")) > _MAX_ID:
        return "action_id too long"
    if button.get("style", "primary") not in ("primary", "danger"):
        return "a button's style is primary or danger"
    return None


def buttons(blocks: list[Block]) -> Iterator[Block]:
    """Every button with the `block_id` of the block it stands in."""
    for block in blocks:
        for button in _buttons_of(block):
            yield {**button, "block_id": block.get("block_id", "")}


def _buttons_of(block: Block) -> list[Block]:
    candidates = [*block.get("elements", []), block.get("accessory") or {}]
    return [candidate for candidate in candidates if candidate.get("type") == "button"]


def with_ids(blocks: list[Block]) -> list[Block]:
    """The blocks as Slack stores them: everything that can be pressed has an id."""
    named = []
    for number, block in enumerate(blocks):
        elements = [
            {"action_id": f"a{number}.{place}", **element} if element.get("type") == "button" else element
            for place, element in enumerate(block.get("elements", []))
        ]
        named.append({"block_id": f"b{number}", **block, **({"elements": elements} if elements else {})})
    return named


def links(text: str, blocks: list[Block]) -> list[str]:
    """The links Slack's unfurler would fetch: those written in texts, not those behind buttons."""
    written = [text, *(_texts(blocks))]
    return list(dict.fromkeys(link.replace("&amp;", "&") for part in written for link in _LINK.findall(part)))


def _texts(node: object) -> Iterator[str]:
    if isinstance(node, list):
        for item in node:
            yield from _texts(item)
    elif isinstance(node, dict):
        for key, value in node.items():
            if key == "text" and isinstance(value, str):
                yield value
            elif key != "url":
                yield from _texts(value)
