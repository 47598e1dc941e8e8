from django.urls import path

from patients.views import family

app_name = "patients"

urlpatterns = [path("family/add/", family.add_member, name="add_member")]
