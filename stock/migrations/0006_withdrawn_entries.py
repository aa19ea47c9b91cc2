from django.db import migrations, models

PROBLEMS = [
    ("unknown", "nobody knows this code"),
    ("inactive", "the product is no longer bought"),
    ("quantity", "not a quantity"),
    ("foreign_bin", "not a bin of this warehouse"),
    ("closed", "the count was closed before"),
    ("conflict", "sent before with another quantity"),
    ("future", "counted in the future"),
    ("old", "counted too long ago"),
    ("same_person", "somebody else should count again"),
    ("withdrawn", "taken back by who counted"),
]


class Migration(migrations.Migration):
    """Who counted may take an entry back."""

    dependencies = [("stock", "0005_bins_and_counts")]

    operations = [
        migrations.AlterField(
            model_name="countentry",
            name="problem",
            field=models.CharField(blank=True, choices=PROBLEMS, max_length=12, verbose_name="problem"),
        )
    ]
