"""Alerts from before causes were kept: each is its own subject's."""

from django.db import migrations
from django.db.models import F


def take_subjects(apps, schema_editor):
    apps.get_model("alerts", "Alert").objects.filter(cause="").update(cause=F("subject"))


class Migration(migrations.Migration):

    dependencies = [
        ("alerts", "0003_life_cycle_and_settings_per_warehouse"),
    ]

    operations = [migrations.RunPython(take_subjects, migrations.RunPython.noop)]
