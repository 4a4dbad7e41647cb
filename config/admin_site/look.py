"""What the admin looks like and what stands where, in the order managers need it. Plain settings of unfold."""

from typing import Any

from django.templatetags.static import static
from django.urls import reverse_lazy


def _item(title: str, icon: str, model: str, *, badge: str = "", permission: str = "") -> dict[str, Any]:
    item: dict[str, Any] = {"title": title, "icon": icon, "link": reverse_lazy(f"admin:{model}_changelist")}
    if badge:
        item |= {"badge": f"config.admin_site.overview.{badge}", "badge_variant": "danger"}
    if permission:
        item["permission"] = f"config.admin_site.overview.{permission}"
    return item


def _file(name: str) -> Any:
    return lambda request: static(name)


_NAVIGATION: list[dict[str, Any]] = [
    {
        "title": "",
        "items": [
            {"title": "Overview", "icon": "space_dashboard", "link": reverse_lazy("admin:index")},
            {"title": "Responders' pages", "icon": "arrow_outward", "link": "/", "active": lambda request: False},
        ],
    },
    {
        "title": "Learn",
        "items": [
            _item("Postmortems", "rate_review", "postmortems_postmortem", badge="waiting_count"),
            _item("Action items", "task_alt", "postmortems_actionitem", badge="overdue_count"),
            _item("Templates", "description", "postmortems_template"),
        ],
    },
    {
        "title": "What happens",
        "items": [
            _item("Incidents", "e911_emergency", "incidents_incident"),
            _item("Deliveries", "outgoing_mail", "notifications_delivery"),
            _item("Alerts", "notifications", "alerts_alert"),
            _item("Messages received", "inbox", "alerts_event"),
        ],
    },
    {
        "title": "Who answers",
        "items": [
            _item("Schedules", "calendar_month", "oncall_schedule"),
            _item("Overrides", "swap_horiz", "oncall_override"),
            _item("Escalation policies", "stairs", "escalation_policy"),
            _item("Services", "dns", "catalog_service"),
            _item("Teams", "groups", "accounts_team"),
            _item("People", "person", "accounts_user"),
        ],
    },
    {
        "title": "What comes in",
        "items": [
            _item("Integrations", "input", "alerts_integration"),
            _item("Heartbeats", "cardiology", "alerts_heartbeat"),
            _item("Silences", "notifications_off", "alerts_silence"),
            _item("Maintenance windows", "construction", "alerts_maintenancewindow"),
            _item("Inhibition rules", "do_not_disturb_on", "alerts_inhibitionrule"),
            _item("API keys", "key", "accounts_apikey"),
            _item("Failed sign-ins", "lock", "accounts_signinattempt", permission="is_admin"),
        ],
    },
]

UNFOLD: dict[str, Any] = {
    "SITE_TITLE": "Tocsin",
    "SITE_HEADER": "Tocsin",
    "SITE_SUBHEADER": "For managers",
    "SITE_URL": "/",
    "SITE_ICON": _file("web/icon.svg"),
    "SITE_FAVICONS": [{"rel": "icon", "type": "image/svg+xml", "href": _file("web/icon.svg")}],
    "SHOW_HISTORY": True,
    "SHOW_VIEW_ON_SITE": False,
    "SHOW_BACK_BUTTON": True,
    "DASHBOARD_CALLBACK": "config.admin_site.overview.add_to",
    "STYLES": [_file("admin_site/admin.css")],
    "SIDEBAR": {"show_search": True, "navigation": _NAVIGATION},
    "BORDER_RADIUS": "8px",
    # The responders' pages' own colours: paper and ink, and their blue.
    "COLORS": {
        "base": {
            "50": "#f7f6f3",
            "100": "#f1efeb",
            "200": "#e4e1db",
            "300": "#cfcac1",
            "400": "#98958f",
            "500": "#6b665e",
            "600": "#4f4b45",
            "700": "#33312e",
            "800": "#24272b",
            "900": "#181b1e",
            "950": "#101214",
        },
        "primary": {
            "50": "#f1f5fe",
            "100": "#e9effc",
            "200": "#cddbfa",
            "300": "#b0c8ff",
            "400": "#8fb0ff",
            "500": "#5c88f0",
            "600": "#2554c7",
            "700": "#1d439f",
            "800": "#1a377f",
            "900": "#1c2942",
            "950": "#0c1730",
        },
    },
}
