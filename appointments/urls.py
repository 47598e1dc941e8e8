from django.urls import path

from appointments.views import booking, calendar, ending, files, hours, moving, own, practice, terms, times

app_name = "appointments"

urlpatterns = [
    path("times/", times.strips, name="strips"),
    path("times/<slug:slug>/", times.times, name="times"),
    path("book/<slug:slug>/", booking.book, name="book"),
    path("appointments/", own.appointments, name="list"),
    path("appointments/<uuid:pk>/", own.detail, name="detail"),
    path("appointments/<uuid:pk>/files/", files.files, name="files"),
    path("appointments/<uuid:pk>/files/<int:attached>/take/", files.take_file, name="take_file"),
    path("appointments/<uuid:pk>/extend/", own.extend, name="extend"),
    path("appointments/<uuid:pk>/pay/", own.pay, name="pay"),
    path("appointments/<uuid:pk>/pay-at-desk/", own.pay_at_desk, name="pay_at_desk"),
    path("appointments/<uuid:pk>/cancel/", own.cancel, name="cancel"),
    path("appointments/<uuid:pk>/cancel/confirm/", own.confirm_cancel, name="confirm_cancel"),
    path("appointments/<uuid:pk>/move/", moving.reschedule, name="reschedule"),
    path("appointments/<uuid:pk>/finish/", ending.finish, name="finish"),
    path("appointments/<uuid:pk>/follow-up/", ending.ask_to_follow_up, name="ask_to_follow_up"),
    path("appointments/<uuid:pk>/contest/", ending.contest, name="contest"),
    path("appointments/<uuid:pk>/offer/", moving.offer, name="offer"),
    path("appointments/<uuid:pk>/appointment.ics", own.calendar_file, name="calendar_file"),
    path("practice/today/", practice.today, name="today"),
    path("practice/terms/", terms.terms, name="terms"),
    path("practice/calendar/", calendar.week, name="week"),
    path("practice/calendar/month/", calendar.month, name="month"),
    path("practice/calendar/agenda/", calendar.agenda, name="agenda"),
    path("practice/hours/", hours.hours, name="hours"),
    path("practice/hours/extra/add/", hours.add_extra_hours, name="add_extra_hours"),
    path("practice/hours/extra/<int:pk>/remove/", hours.remove_extra_hours, name="remove_extra_hours"),
    path("practice/time-off/add/", hours.add_time_off, name="add_time_off"),
    path("practice/time-off/<int:pk>/remove/", hours.remove_time_off, name="remove_time_off"),
    path("practice/visit-types/", hours.visit_types, name="visit_types"),
]
