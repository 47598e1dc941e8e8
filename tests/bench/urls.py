from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.urls import path

from config.urls import urlpatterns as portal


@login_required
def empty(request: HttpRequest) -> HttpResponse:
    return HttpResponse(f"<!doctype html><title>Empty</title><p>{request.user.pk}</p>")


urlpatterns = [*portal, path("bench/empty/", empty)]
