"""Macros that a sender left as they stand, because it knew no value for them. Pure.

Senders whose bodies are templates do so ("$HOSTNAME$", "{EVENT.ID}", "{{ host }}"). Such a text can be shown, but means
nothing, least of all the same alert as another.
"""

import re

_LONGEST = 1000
_ONE = re.compile(
    r"""
    \$!?\{[^}]*\}                         # ${host}, ${N=Alerting;M=AlertName}, $!{event.node}
    | \$[A-Za-z_][\w.:]*(?:\$(?![\w{!]))? # $HOST, $HOSTNAME$, $host.name$
    | \{\{(?:[^}]|\}(?!\}))*\}{2,}        # {{ host }}, {{{host}}}
    | \{[$\#]?[A-Za-z_][\w.]*\}           # {PID}, {EVENT.ID}, {$URL}, {#NAME}
    | %[A-Za-z_]\w*%?                     # %HOST%, %sensorid
    | \#[a-z]\w*\#                        # #status#
    | \*[A-Za-z]+\*                       # *UNKNOWN*, *monitorID*
    | \*insert\ [^*]*\*
    | <no\ value>
    """,
    re.VERBOSE,
)
_BETWEEN = re.compile(r"[\s,:/@-]*")


def is_macro(text: str) -> bool:
    """Whether a text is nothing but one or more placeholders nobody filled in."""
    text = text.strip()
    if not text or len(text) > _LONGEST:
        return False
    # One after the other, never back: no text takes longer than to look at it once. (Possessive quantifiers would do
    # the same in one expression, but Python 3.11.2, which Debian 12 has, gets them wrong.)
    place = 0
    while place < len(text):
        found = _ONE.match(text, _BETWEEN.match(text, place).end() if place else 0)  # type: ignore[union-attr]
        if found is None:
            return False
        place = found.end()
    return True
