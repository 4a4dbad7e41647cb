"""The document as people take it away."""

from datetime import date

from accounts.models import User
from core import markdown
from postmortems import action_items, editing, export, review
from postmortems.action_items import Wish
from postmortems.models import Postmortem


def test_the_export_holds_head_text_timeline_action_items_and_reviews(
    postmortem: Postmortem, ada: User, mia: User
) -> None:
    action_items.add(postmortem.pk, by=ada, wish=Wish("Alert on lag", owner=ada, due_on=date(2099, 1, 2)))
    review.ask_for_review(postmortem.pk, by=ada)
    review.approve(postmortem.pk, by=mia, comment="Good read | thanks")
    postmortem.refresh_from_db()

    text = export.markdown(postmortem, time_zone="Europe/Berlin")

    assert text.startswith(f"# #{postmortem.incident_id} Replica lag \\| 5 min\n\n- **Incident:** [#")
    assert "- **Status:** Approved, version 1" in text
    assert "| Opened by prometheus. |" in text
    assert "| Alert on lag | ada | 2099-01-02 | Open |" in text
    assert r"| mia | Approved | Good read \| thanks |" in text


def test_action_items_stand_where_the_text_names_them(postmortem: Postmortem, ada: User) -> None:
    _rewrite(postmortem, ada, "## Next\n\n{action_items}\n\n## After")
    action_items.add(postmortem.pk, by=ada, wish=Wish("Alert on lag"))

    text = export.text(postmortem)

    assert text.index("## Next") < text.index("Alert on lag") < text.index("## After")


def test_action_items_stand_at_the_end_where_the_text_names_none(postmortem: Postmortem, ada: User) -> None:
    _rewrite(postmortem, ada, "## Why\n\nBecause.")
    action_items.add(postmortem.pk, by=ada, wish=Wish("Alert on lag"))

    assert export.text(postmortem).endswith(
        "## Action items\n\n| What | Owner | Due | Status |\n| --- | --- | --- | --- |\n"
        "| Alert on lag | nobody | – | Open |\n"
    )


def test_a_timeline_that_was_struck_from_the_text_follows_as_recorded(postmortem: Postmortem, ada: User) -> None:
    _rewrite(postmortem, ada, "## Why\n\nBecause.")

    text = export.markdown(postmortem)

    assert "## Timeline\n\n| Time (UTC) | UTC | What happened |" in text
    assert "| Opened by prometheus. |" in text


def test_the_draft_renders_its_tables_and_quotations(postmortem: Postmortem) -> None:
    html = markdown.html(export.text(postmortem))

    assert "<td>Opened by prometheus.</td>" in html
    assert "<td>ada: Replica of *db-1* restarted</td>" in html
    assert "<blockquote>" in html


def _rewrite(postmortem: Postmortem, by: User, body: str) -> None:
    editing.edit(postmortem.pk, by=by, version=postmortem.version, title=postmortem.title, body=body)
    postmortem.refresh_from_db()
