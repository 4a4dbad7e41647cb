"""Grouping by expression: CEL that makes a text of an alert; what has the same text belongs together. Pure."""

from alerts.decisions import evaluator, routing
from alerts.decisions.grouping import Group
from alerts.decisions.routing import Facts

LONGEST = routing.LONGEST_CONDITION
_LONGEST_KEY = 1000  # characters of the text it gives


def check(expression: str) -> str:
    """What is wrong with an expression, as a sentence; empty where nothing is."""
    return routing.check(expression, gives=str).replace("The condition", "The expression")


def group_of(expression: str, facts: Facts, *, dedup_key: str) -> Group:
    """The group of an alert; of its own where the expression gives no text, or fails."""
    program = routing.compiled(expression)
    if isinstance(program, str):
        return Group(dedup_key, "expression_failed")
    try:
        text = program.execute(evaluator.Context(routing.context_of(facts, *routing.references(expression))))
    except Exception:  # noqa: BLE001  the evaluator raises whatever the expression deserves
        return Group(dedup_key, "expression_failed")
    if not isinstance(text, str) or not text:
        return Group(dedup_key, "expression_failed")
    return Group(text[:_LONGEST_KEY], "expression")
