"""What the silences and windows that there are already are for."""

from django.db import migrations

_NOTE = """
update alerts_silence set is_for_service = service_id is not null, is_for_integration = integration_id is not null;
update alerts_maintenancewindow as maintenance set
    is_for_services = exists (
        select 1 from alerts_maintenancewindow_services where maintenancewindow_id = maintenance.id
    ),
    is_for_integrations = exists (
        select 1 from alerts_maintenancewindow_integrations where maintenancewindow_id = maintenance.id
    )
"""


class Migration(migrations.Migration):
    dependencies = [("alerts", "0018_scopes")]

    operations = [migrations.RunSQL(_NOTE, migrations.RunSQL.noop)]
