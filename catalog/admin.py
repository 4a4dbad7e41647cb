"""Services in the admin."""

from django.contrib import admin

from accounts.administration import RoleAdmin, display
from accounts.models import Role
from catalog.models import Service


@admin.register(Service)
class ServiceAdmin(RoleAdmin):
    """What is run and who owns it. Apps above add who answers for it."""

    role_to_add = Role.MANAGER
    role_to_change = Role.MANAGER
    list_display = ["name", "team", "shown_urgency"]
    list_filter = ["team", "urgency"]
    list_select_related = ["team"]
    search_fields = ["name", "description"]
    autocomplete_fields = ["team"]
    fieldsets = [
        (None, {"fields": [("name", "team"), "urgency"]}),
        ("For those who are woken by it", {"fields": ["description", "runbook_url"]}),
    ]

    @display("Urgency", ordering="urgency", label={"Always high": "danger", "Always low": "info"})
    def shown_urgency(self, service: Service) -> str:
        """As a label."""
        return service.get_urgency_display()
