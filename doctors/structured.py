"""A doctor as machines read one: schema.org's words, for the pages that everybody sees anyway."""

from typing import Any

from django.conf import settings

from doctors.models import Doctor


def address_of(doctor: Doctor) -> str:
    return f"{settings.SITE_ORIGIN}{doctor.get_absolute_url()}"


def identity(doctor: Doctor) -> dict[str, Any]:
    """Who it is, and the rating where enough have rated. Takes the listing along."""
    found: dict[str, Any] = {
        "@context": "https://schema.org",
        "@type": "Physician",
        "@id": f"{address_of(doctor)}#doctor",
        "name": doctor.full_name,
        "url": address_of(doctor),
    }
    listing = getattr(doctor, "listing", None)
    if listing and listing.is_rated:
        found["aggregateRating"] = {
            "@type": "AggregateRating",
            "ratingValue": float(listing.rating),
            "ratingCount": listing.rating_count,
            "bestRating": 5,
            "worstRating": 1,
        }
    return found


def physician(doctor: Doctor) -> dict[str, Any]:
    """All that a doctor's page says of the doctor. Takes what `for_profile` takes along."""
    found = identity(doctor)
    found["medicalSpecialty"] = [row.specialty.name for row in doctor.doctor_specialties.all()]
    found["knowsLanguage"] = list(doctor.languages)
    found["identifier"] = {"@type": "PropertyValue", "propertyID": "BMDC", "value": doctor.registration_number}
    if doctor.about_text:
        found["description"] = doctor.about_text
    if doctor.photo:
        address = doctor.photo.url
        found["image"] = address if "://" in address else f"{settings.SITE_ORIGIN}{address}"
    fees = [amount for amount in (doctor.fee_video, doctor.fee_in_person) if amount is not None]
    if fees:
        found["priceRange"] = f"{doctor.currency} {min(fees):.0f}–{max(fees):.0f}"
    found["location"] = [
        {
            "@type": "MedicalClinic",
            "name": place.name,
            "address": {
                "@type": "PostalAddress",
                "streetAddress": place.address,
                "addressRegion": place.district_name,
                "addressCountry": "BD",
            },
        }
        | ({"telephone": place.phone} if place.phone else {})
        for place in doctor.active_places
    ]
    return {key: value for key, value in found.items() if value}
