from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.urls import path

from config.urls import urlpatterns as portal


@login_required
def empty(request: HttpRequest) -> HttpResponse:
    return HttpResponse(f"<!doctype html><title>Empty</title><p>{request.user.pk}</p>")


@login_required
def receive(request: HttpRequest) -> HttpResponse:
    """Takes a form with files and keeps nothing: what the way to the portal costs."""
    return HttpResponse(f"{len(request.FILES)}")


urlpatterns = [*portal, path("bench/empty/", empty), path("bench/receive/", receive)]
