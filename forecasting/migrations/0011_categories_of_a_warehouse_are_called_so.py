from django.db import migrations


def rename(apps, before, after):
    for name in ("AggregateForecast", "LevelModel"):
        apps.get_model("forecasting", name).objects.filter(level=before).update(level=after)


def name_the_place(apps, schema_editor):
    """What was called a category was one in a warehouse."""
    rename(apps, "category", "category_here")


def forget_the_place(apps, schema_editor):
    apps.get_model("forecasting", "AggregateForecast").objects.filter(level="category").delete()
    apps.get_model("forecasting", "LevelModel").objects.filter(level="category").delete()
    rename(apps, "category_here", "category")


class Migration(migrations.Migration):
    dependencies = [
        ("forecasting", "0010_categories_over_warehouses"),
    ]

    operations = [
        migrations.RunPython(name_the_place, forget_the_place),
    ]
