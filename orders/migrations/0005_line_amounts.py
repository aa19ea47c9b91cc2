"""What the lines of before cost together. Running it again changes nothing."""

from django.db import migrations
from django.db.models import F
from django.db.models.functions import Round

BATCH = 50_000


def fill(apps, schema_editor):
    lines = apps.get_model("orders", "SalesOrderLine").objects.using(schema_editor.connection.alias)
    last = lines.order_by("-pk").values_list("pk", flat=True).first() or 0
    for start in range(0, last + 1, BATCH):
        empty = lines.filter(pk__gte=start, pk__lt=start + BATCH, amount=0, unit_price__gt=0)
        empty.update(amount=Round(F("quantity") * F("unit_price"), precision=2))


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("orders", "0004_drafts_returns_and_reshaping")]
    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
