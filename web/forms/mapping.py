"""The form of a mapping: an expression for each field, and labels one a line."""

from typing import Any

from django import forms

from alerts.mapping import rules as mapping
from alerts.mapping.expressions import LONGEST_EXPRESSION
from alerts.mapping.versions import LONGEST_COMMENT

LABELS = "labels"
_HINTS = {
    "title": ("Title", 'payload.check + " on " + payload.host'),
    "description": ("Description", "payload.output"),
    "severity": ("Severity", "payload.level"),
    "identity": ("Identity: the same text is the same alert", 'payload.host + "/" + payload.check'),
    "status": ("Status: firing, acknowledged, resolved; or whether it fires", 'payload.state != "OK"'),
}


def _area(placeholder: str, rows: int) -> forms.Textarea:
    return forms.Textarea(
        attrs={
            "rows": rows,
            "class": "code",
            "spellcheck": "false",
            "autocapitalize": "off",
            "autocomplete": "off",
            "placeholder": placeholder,
        }
    )


class MappingForm(forms.Form):
    """Empty fields are as the source reads them."""

    def __init__(self, *given: Any, **more: Any) -> None:
        super().__init__(*given, **more)
        for name, (label, placeholder) in _HINTS.items():
            self.fields[name] = forms.CharField(
                label=label, required=False, max_length=LONGEST_EXPRESSION, widget=_area(placeholder, 2)
            )
        self.fields[LABELS] = forms.CharField(
            label="Labels, one a line",
            required=False,
            max_length=mapping.MOST_LABELS * LONGEST_EXPRESSION,
            widget=_area("team = payload.owner\ncluster = lower(payload.cluster)", 4),
        )
        self.fields["comment"] = forms.CharField(
            label="What is changed, and why", required=False, max_length=LONGEST_COMMENT
        )

    def clean(self) -> dict[str, Any]:
        """Each mistake stands where it was made."""
        cleaned = super().clean() or {}
        flat = {name: cleaned[name] for name in mapping.FIELDS if cleaned.get(name)}
        labels, problem = labels_of(cleaned.get(LABELS, ""))
        if problem:
            self.add_error(LABELS, problem)
        cleaned["expressions"] = {**flat, **labels}
        for name, text in mapping.check(cleaned["expressions"]).items():
            field, _, label = name.partition(".")
            self.add_error(field, f"{label}: {text}" if label else text)
        return cleaned

    @property
    def expressions(self) -> dict[str, str]:
        """What is filled in, by field."""
        return dict(self.cleaned_data.get("expressions", {}))


def labels_of(text: str) -> tuple[dict[str, str], str]:
    """`team = payload.owner`, one a line, by field; and what is wrong with a line."""
    found: dict[str, str] = {}
    for line in text.splitlines():
        name, equals, expression = line.partition("=")
        if not line.strip():
            continue
        if not equals or not name.strip() or not expression.strip() or expression.startswith("="):
            return found, f"“{line.strip()[:60]}” is not a label: write name = expression."
        found[f"{LABELS}.{name.strip()}"] = expression.strip()
    return found, ""


def initial_of(flat: mapping.Flat) -> dict[str, str]:
    """The form filled in with these expressions."""
    labels = [f"{name.partition('.')[2]} = {' '.join(text.split())}" for name, text in flat.items() if "." in name]
    return {**{name: text for name, text in flat.items() if "." not in name}, LABELS: "\n".join(labels)}
