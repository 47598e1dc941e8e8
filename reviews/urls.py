from django.urls import path

from reviews.views import own, practice, public

app_name = "reviews"

urlpatterns = [
    path("doctors/<slug:slug>/reviews/", public.of_doctor, name="of_doctor"),
    path("appointments/<uuid:pk>/review/", own.write, name="write"),
    path("reviews/", own.own_reviews, name="own"),
    path("reviews/<uuid:pk>/", own.review, name="review"),
    path("reviews/<uuid:pk>/edit/", own.edit, name="edit"),
    path("reviews/<uuid:pk>/withdraw/", own.withdraw, name="withdraw"),
    path("reviews/<uuid:pk>/report/", public.report, name="report"),
    path("practice/reviews/", practice.practice, name="practice"),
    path("practice/reviews/<uuid:pk>/", practice.reply, name="reply"),
]
