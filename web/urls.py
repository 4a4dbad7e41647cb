"""Pages people open, and what machines ask about this process."""

from django.urls import path

from web import postmortem_urls
from web.pages import (
    actions,
    health,
    heartbeats,
    incidents,
    integrations,
    maintenance,
    mapping,
    on_call,
    opening,
    problems,
    profile,
    quarantine,
    signing_in,
    silences,
)

app_name = "web"
_INCIDENT = "incidents/<int:pk>"

urlpatterns = [
    *postmortem_urls.urlpatterns,
    path("", incidents.incident_list, name="incidents"),
    path("incidents/open/", opening.open_by_hand, name="incident-open"),
    path(f"{_INCIDENT}/", incidents.incident, name="incident"),
    path(f"{_INCIDENT}/timeline/", incidents.timeline, name="incident-timeline"),
    path(f"{_INCIDENT}/alerts/", incidents.alerts, name="incident-alerts"),
    path(f"{_INCIDENT}/acknowledge/", actions.acknowledge, name="incident-acknowledge"),
    path(f"{_INCIDENT}/unacknowledge/", actions.unacknowledge, name="incident-unacknowledge"),
    path(f"{_INCIDENT}/resolve/", actions.resolve, name="incident-resolve"),
    path(f"{_INCIDENT}/reopen/", actions.reopen, name="incident-reopen"),
    path(f"{_INCIDENT}/snooze/", actions.snooze, name="incident-snooze"),
    path(f"{_INCIDENT}/escalate/", actions.escalate, name="incident-escalate"),
    path(f"{_INCIDENT}/reassign/", actions.reassign, name="incident-reassign"),
    path(f"{_INCIDENT}/merge/", actions.merge, name="incident-merge"),
    path(f"{_INCIDENT}/note/", actions.note, name="incident-note"),
    path("silences/", silences.silence_list, name="silences"),
    path("silences/new/", silences.silence_new, name="silence-new"),
    path("silences/preview/", silences.preview, name="silence-preview"),
    path("silences/<int:pk>/", silences.silence_edit, name="silence-edit"),
    path("silences/<int:pk>/expire/", silences.silence_expire, name="silence-expire"),
    path("maintenance/", maintenance.window_list, name="maintenance"),
    path("maintenance/new/", maintenance.window_new, name="maintenance-new"),
    path("maintenance/<int:pk>/", maintenance.window_edit, name="maintenance-edit"),
    path("maintenance/<int:pk>/end/", maintenance.window_end, name="maintenance-end"),
    path("on-call/", on_call.on_call, name="on-call"),
    path("heartbeats/", heartbeats.heartbeats, name="heartbeats"),
    path("heartbeats/<int:pk>/pause/", heartbeats.pause, name="heartbeat-pause"),
    path("heartbeats/<int:pk>/resume/", heartbeats.resume, name="heartbeat-resume"),
    path("integrations/", integrations.integrations, name="integrations"),
    # Not under /integrations/: what has two parts there is a source and a key.
    path("mapping/<int:pk>/", mapping.mapping, name="mapping"),
    path("mapping/<int:pk>/preview/", mapping.preview, name="mapping-preview"),
    path("mapping/<int:pk>/use/", mapping.use, name="mapping-use"),
    path("quarantine/", quarantine.quarantined, name="quarantine"),
    path("quarantine/replay/", quarantine.replay_all, name="quarantine-replay-all"),
    path("quarantine/<int:pk>/replay/", quarantine.replay, name="quarantine-replay"),
    path("quarantine/<int:pk>/dismiss/", quarantine.dismiss, name="quarantine-dismiss"),
    path("problems/", problems.problems, name="problems"),
    path("me/", profile.me, name="me"),
    path("me/test-page/", profile.test_page, name="me-test-page"),
    path("me/theme/", profile.theme, name="me-theme"),
    path("me/sign-out-everywhere/", profile.sign_out_everywhere, name="me-sign-out-everywhere"),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("metrics", health.prometheus, name="metrics"),
    path("sign-in/", signing_in.sign_in, name="sign-in"),
    path("sign-out/", signing_in.sign_out, name="sign-out"),
]
