"""Every page of the portal."""

from django.conf import settings
from django.contrib import admin
from django.urls import include, path, register_converter

from config import own_data, views
from config.dashboard import figures_csv
from config.files import private_file
from config.headers import CSP_REPORTS
from config.homes import practice_home
from config.installed import manifest, next_visit, offline
from config.reports import csp_report
from config.sitemaps import robots, sitemap, sitemap_of

handler429 = "config.views.too_many_requests"

register_converter(own_data.CopyForm, "copy")

urlpatterns = [
    path("", views.home, name="home"),
    path("practice/today/", practice_home, name="practice_home"),
    path("account/", views.account, name="account"),
    path("account/data/erase/", own_data.erase, name="erase"),
    path("account/data/keep/", own_data.keep, name="keep_account"),
    path("account/data/", own_data.own_data, name="own_data"),
    path("account/data/export.<copy:form>", own_data.export_account, name="export_account"),
    path("account/data/<uuid:pk>/export.<copy:form>", own_data.export_patient, name="export_patient"),
    path("accounts/", include("accounts.urls")),
    path("", include("accounts.message_urls")),
    path(CSP_REPORTS.lstrip("/"), csp_report, name="csp_report"),
    path("robots.txt", robots, name="robots"),
    path("sitemap.xml", sitemap, name="sitemap"),
    path("sitemap-<slug:section>.xml", sitemap_of, name="sitemap_of"),
    path("manifest.webmanifest", manifest, name="manifest"),
    path("offline/", offline, name="offline"),
    path("offline/next.json", next_visit, name="next_visit"),
    path("theme/", views.theme, name="theme"),
    path("language/", views.set_language, name="set_language"),
    path("", include("doctors.urls")),
    path("", include("appointments.urls")),
    path("", include("patients.urls")),
    path("", include("telehealth.urls")),
    path("", include("prescriptions.urls")),
    path("", include("payments.urls")),
    path("", include("reviews.urls")),
    path("files/<str:token>/", private_file, name="private_file"),
    path("admin/figures.csv", figures_csv, name="figures_csv"),
    path("admin/", admin.site.urls),
]

if not settings.PRODUCTION:
    from config.components import components
    from config.mailbox import mailbox

    urlpatterns += [
        path("components/", components, name="components"),
        path("demo/mailbox/", mailbox, name="mailbox"),
    ]
