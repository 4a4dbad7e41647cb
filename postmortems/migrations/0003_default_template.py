"""Give a new installation its first template. Managers change it, or make others, in the admin."""

from django.db import migrations

from postmortems import standard


def make(apps, schema_editor):
    template = apps.get_model("postmortems", "Template")
    if not template.objects.filter(is_default=True).exists():
        template.objects.create(name=standard.NAME, sections=standard.SECTIONS, is_default=True)


class Migration(migrations.Migration):
    dependencies = [("postmortems", "0002_reviews_and_action_items")]

    operations = [migrations.RunPython(make, migrations.RunPython.noop)]
