"""Papers that anybody verifies: the page where a code is typed, and what it says where no paper has it."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

# Longer than any code with blanks and dashes; what is typed beyond it is not shown again.
LONGEST = 40


def look_up(request: HttpRequest, read: Callable[[str], str | None], *, template: str, leads_to: str) -> HttpResponse:
    """Where a code is typed. A whole one, as `read` knows it, leads to the page of its paper."""
    typed = request.GET.get("code", "")[:LONGEST]
    code = read(typed)
    if code is not None:
        return redirect(leads_to, code)
    return render(request, template, {"typed": typed, "is_unknown": False}, status=404 if typed else 200)


def no_such_paper(request: HttpRequest, code: str, *, template: str) -> HttpResponse:
    """The same page for a code that no paper has."""
    return render(request, template, {"typed": code[:LONGEST], "is_unknown": True}, status=404)
