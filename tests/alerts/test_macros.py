"""What counts as a macro that its sender left as it stands."""

import pytest

from alerts.parsing.macros import is_macro


@pytest.mark.parametrize(
    "text",
    ["$SERVICE", "$HOSTNAME$", "$host.name$", " $NAME ", "$A, $B", "$A$B", "$A$/$B$", "$labels.host",
     "${host}", "${HOST}", "${N=Alerting;M=AlertName}", "$!{event.node}",
     "{{ host }}", "{{TITLE}}", "{{ $title }}", "{{alert.id}}", "{{{host}}}", "{{#each}} {{name}}", "{{ a\n}}",
     "{PID}", "{EVENT.ID}", "{$URL}", "{#DISK}", "{host}",
     "%HOST%", "%sensorid", "#status#", "*monitorID*", "*UNKNOWN*", "*insert desired name*", "<no value>"],
)  # fmt: skip
def test_a_placeholder_nobody_filled_in_is_a_macro(text: str) -> None:
    assert is_macro(text)


@pytest.mark.parametrize(
    "text",
    ["", " ", "db-1", "0", "$", "$5 a day", "$5 too much", "costs $HOME today", "A $HOME$ away", "host-$ID is down",
     "a {{ b }}", "{{ a }} failed on {{ b }}", "{}", "{}x", "{a: 1}", "{host:shop-3}", "host {1}", "on {HOST.NAME}",
     "100%", "97 %", "#channel", "*", "**Disk**", "$" + "A" * 1000],
)  # fmt: skip
def test_text_with_signs_of_macros_is_text(text: str) -> None:
    assert not is_macro(text)


@pytest.mark.parametrize("part", ["$a::::", "{{ ", "{a} ", "$a$", "%a%"])
def test_a_text_made_to_confuse_is_looked_at_once(part: str) -> None:
    assert not is_macro(part * (990 // len(part)) + "!")
