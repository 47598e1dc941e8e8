"""Medicines as the starter set and imports make them."""

from prescriptions.models import Generic, Ingredient, Product
from prescriptions.rows import medicine
from prescriptions.services.medicines import write_medicines


def product(generic: str = "paracetamol", **values: str) -> Product:
    """A product with its generic and substances, as an import would write it; a tablet of 500 mg unless given."""
    row = medicine({"generic": generic, "form": "tablet", "strength": "500 mg"} | values)
    write_medicines([row], source="test")
    return Product.objects.for_composer().get(
        generic__name=row.generic,
        brand=row.brand,
        strength=row.strength,
        form=row.form,
        manufacturer=row.manufacturer,
    )


def ingredient(name: str, **facts: object) -> Ingredient:
    """A substance of which these facts are known."""
    found, _made = Ingredient.objects.update_or_create(name=name, defaults=facts)
    return found


def generics_of(source: str) -> int:
    return Generic.objects.filter(listed_in=source).count()
