"""Macros that a sender left as they stand, because it knew no value for them. Pure.

Senders whose bodies are templates do so ("$HOSTNAME$", "{EVENT.ID}", "{{ host }}"). Such a text can be shown, but means
nothing, least of all the same alert as another.
"""

import re

_LONGEST = 1000
# Atomic throughout: no text takes longer than to look at it once.
_KINDS = (
    r"\$!?\{[^}]*+\}",  # ${host}, ${N=Alerting;M=AlertName}, $!{event.node}
    r"\$[A-Za-z_][\w.:]*+(?:\$(?![\w{!]))?+",  # $HOST, $HOSTNAME$, $host.name$
    r"\{\{(?:[^}]|\}(?!\}))*+\}{2,}+",  # {{ host }}, {{{host}}}
    r"\{[$#]?[A-Za-z_][\w.]*+\}",  # {PID}, {EVENT.ID}, {$URL}, {#NAME}
    r"%[A-Za-z_]\w*+%?+",  # %HOST%, %sensorid
    r"\#[a-z]\w*+\#",  # #status#
    r"\*[A-Za-z]++\*",  # *UNKNOWN*, *monitorID*
    r"\*insert [^*]*+\*",
    r"<no value>",
)
_ONE = "|".join(_KINDS)
_MACROS = re.compile(rf"(?>{_ONE})(?:[\s,:/@-]*+(?>{_ONE}))*+")


def is_macro(text: str) -> bool:
    """Whether a text is nothing but one or more placeholders nobody filled in."""
    text = text.strip()
    return len(text) <= _LONGEST and _MACROS.fullmatch(text) is not None
