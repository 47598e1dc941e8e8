"""The generic's sound in a row of its own, so that it is compared once for all its products; brands by their beginning."""

from itertools import batched

import django.contrib.postgres.indexes
import django.db.models.functions.text
from django.db import migrations, models

from prescriptions.search import heard_of


def fill(apps, schema_editor):
    generic, product = (apps.get_model("prescriptions", name) for name in ("Generic", "Product"))
    generics = list(generic.objects.prefetch_related("ingredients"))
    for each in generics:
        called = (name for one in each.ingredients.all() for name in (one.name, *one.also))
        each.heard = heard_of(each.name, *called)
    generic.objects.bulk_update(generics, ["heard"], batch_size=2000)
    for products in batched(product.objects.only("brand").iterator(chunk_size=2000), 2000):
        for each in products:
            each.heard = heard_of(each.brand)
        product.objects.bulk_update(products, ["heard"])


class Migration(migrations.Migration):

    dependencies = [("prescriptions", "0004_lists_and_retention")]

    operations = [
        migrations.RemoveIndex(model_name="product", name="products_by_brand"),
        migrations.AddField(
            model_name="generic",
            name="heard",
            field=models.TextField(default="", editable=False),
            preserve_default=False,
        ),
        migrations.RunPython(fill, migrations.RunPython.noop),
        migrations.AddIndex(
            model_name="generic",
            index=django.contrib.postgres.indexes.GinIndex(
                django.contrib.postgres.indexes.OpClass(models.F("heard"), "gin_trgm_ops"), name="generics_by_sound"
            ),
        ),
        migrations.AddIndex(
            model_name="product",
            index=models.Index(
                django.contrib.postgres.indexes.OpClass(
                    django.db.models.functions.text.Lower("brand"), "text_pattern_ops"
                ),
                name="products_by_brand",
            ),
        ),
    ]
