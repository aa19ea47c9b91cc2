
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('forecasting', '0005_segments_launches_versions_and_aggregates'),
    ]

    operations = [
        migrations.CreateModel(
            name='LevelModel',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('level', models.CharField(max_length=10, unique=True, verbose_name='level')),
                ('trained_on', models.DateField(verbose_name='trained on')),
                ('data', models.BinaryField()),
            ],
            options={
                'verbose_name': 'models of a level',
                'verbose_name_plural': 'models of levels',
            },
        ),
    ]
