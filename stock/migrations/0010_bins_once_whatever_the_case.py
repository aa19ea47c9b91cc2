"""R-1 and r-1 of one warehouse are one bin: the later of two gets another code. Values of counts get more digits."""

from collections import defaultdict

import django.core.validators
import django.db.models.functions.text
from django.db import migrations, models
from django.db.models import F

LONGEST = 40


def new_codes(bins):
    """{pk: code} of those to rename, of (pk, warehouse, code) in the order in which they were made."""
    taken = defaultdict(set)
    for _pk, warehouse, code in bins:
        taken[warehouse].add(code.lower())
    seen, renamed = set(), {}
    for pk, warehouse, code in bins:
        if (warehouse, code.lower()) not in seen:
            seen.add((warehouse, code.lower()))
            continue
        number, new = 2, code
        while new.lower() in taken[warehouse]:
            end = f" {number}"
            number, new = number + 1, code[: LONGEST - len(end)] + end
        taken[warehouse].add(new.lower())
        renamed[pk] = new
    return renamed


def rename(apps, schema_editor):
    bins = apps.get_model("stock", "Bin").objects
    for pk, code in new_codes(list(bins.order_by("pk").values_list("pk", "warehouse_id", "code"))).items():
        bins.filter(pk=pk).update(code=code)


def take_out_strangers(apps, schema_editor):
    """Stock of another warehouse cannot lie in a bin."""
    placed = apps.get_model("stock", "Bin").levels.through.objects
    placed.exclude(stocklevel__warehouse=F("bin__warehouse")).delete()


class Migration(migrations.Migration):
    dependencies = [("stock", "0009_turn_of_counts_is_indexed")]

    operations = [
        migrations.RunPython(rename, migrations.RunPython.noop),
        migrations.RunPython(take_out_strangers, migrations.RunPython.noop),
        migrations.RemoveConstraint(model_name="bin", name="stock_bin_once"),
        migrations.AddConstraint(
            model_name="bin",
            constraint=models.UniqueConstraint(
                models.F("warehouse"),
                django.db.models.functions.text.Lower("code"),
                name="stock_bin_code_once",
                violation_error_message=(
                    "A bin of this warehouse has this code already; small and capital letters are the same."
                ),
            ),
        ),
        migrations.AlterField(
            model_name="countline",
            name="cost",
            field=models.DecimalField(
                blank=True, decimal_places=2, max_digits=28, null=True, verbose_name="value of the difference"
            ),
        ),
        migrations.AlterField(
            model_name="countneed",
            name="cost",
            field=models.DecimalField(decimal_places=2, default=0, max_digits=28, verbose_name="expected to be found"),
        ),
        migrations.AlterField(
            model_name="stockcount",
            name="recount_pieces",
            field=models.PositiveBigIntegerField(
                blank=True,
                help_text="A difference of so many pieces is counted again by somebody else. Empty: never.",
                null=True,
                validators=[django.core.validators.MaxValueValidator(1000000000)],
                verbose_name="recount from pieces",
            ),
        ),
    ]
