"""How forms are drawn, once for all of them."""

from django.forms.renderers import TemplatesSetting


class PortalRenderer(TemplatesSetting):
    """Fields with their label, help and errors beside them: templates/forms/field.html."""

    field_template_name = "forms/field.html"
