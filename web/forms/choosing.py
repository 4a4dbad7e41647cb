"""A choice among as many as an organisation has."""

from typing import Any

from django import forms
from django.forms.renderers import BaseRenderer
from django.forms.utils import flatatt
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

_SELECTED = mark_safe(" selected")


class LongSelect(forms.Select):
    """A list to choose one from, without groups, that may be of hundreds.

    Django renders each option by two templates: with 500 people half the time that the page of an incident takes.
    """

    def render(
        self, name: str, value: Any, attrs: dict[str, Any] | None = None, renderer: BaseRenderer | None = None
    ) -> SafeString:
        """As the templates would write it."""
        chosen = set(self.format_value(value))
        options = format_html_join(
            "\n",
            '<option value="{}"{}>{}</option>',
            ((each, _SELECTED if str(each) in chosen else "", label) for each, label in self.choices),
        )
        every = self.build_attrs(self.attrs, attrs)
        return format_html('<select name="{}"{}>\n{}\n</select>', name, flatatt(every), options)
