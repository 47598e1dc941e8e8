from django.urls import path

from patients import views

app_name = "patients"

urlpatterns = [path("family/add/", views.add_member, name="add_member")]
