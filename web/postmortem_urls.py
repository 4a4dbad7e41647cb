"""Pages of postmortems and action items. A part of `web.urls`."""

from django.urls import path

from web.pages import action_items, postmortem_editing, postmortems

_POSTMORTEM = "postmortems/<int:pk>"

urlpatterns = [
    path("incidents/<int:pk>/postmortem/", postmortems.draft, name="postmortem-draft"),
    path("postmortems/", postmortems.postmortem_list, name="postmortems"),
    path(f"{_POSTMORTEM}/", postmortems.postmortem, name="postmortem"),
    path(f"{_POSTMORTEM}/edit/", postmortem_editing.edit, name="postmortem-edit"),
    path(f"{_POSTMORTEM}/preview/", postmortem_editing.preview, name="postmortem-preview"),
    path(f"{_POSTMORTEM}/ask-for-review/", postmortems.ask_for_review, name="postmortem-ask-for-review"),
    path(f"{_POSTMORTEM}/export/", postmortems.export_markdown, name="postmortem-export"),
    path(f"{_POSTMORTEM}/action-items/", action_items.add, name="action-item-add"),
    path("action-items/", action_items.item_list, name="action-items"),
    path("action-items/<int:pk>/", action_items.item, name="action-item"),
]
