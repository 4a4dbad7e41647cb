"""Room on every page of alerts: a repeat writes its row anew, and where it finds room there no index is touched."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("alerts", "0016_mappings")]

    operations = [
        migrations.RunSQL(
            "alter table alerts_alert set (fillfactor = 85)", "alter table alerts_alert reset (fillfactor)"
        )
    ]
