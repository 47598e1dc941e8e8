"""The portal's settings: one module, told apart by the environment alone.

`PORTAL_ENV` is `production` (the default), `demo` or `test`. In production every secret must be given: a missing one
stops the process with the name of the variable. docs/operations.md explains each variable.
"""

import logging
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

import pghistory
from django.core.exceptions import ImproperlyConfigured
from django.templatetags.static import static
from django.utils.csp import CSP
from django.utils.translation import gettext_lazy as _
from environs import Env

from config.headers import CSP_REPORTS
from config.limits import session_limits
from config.logging import logging_config

BASE_DIR = Path(__file__).resolve().parent.parent

env = Env()

PORTAL_ENV: str = env.str("PORTAL_ENV", "production")
if PORTAL_ENV not in {"production", "demo", "test"}:
    raise ImproperlyConfigured(f"PORTAL_ENV is {PORTAL_ENV!r}; it must be production, demo or test.")
PRODUCTION = PORTAL_ENV == "production"
DEMO = PORTAL_ENV == "demo"
TESTING = PORTAL_ENV == "test"
DEBUG = False


def secret(name: str, otherwise: str) -> str:
    """A value that production must be given, and that the demo and the tests have a harmless stand-in for."""
    if PRODUCTION:
        value = env.str(name, "")
        if not value:
            raise ImproperlyConfigured(f"{name} is not set. Production has no default for it; see docs/operations.md.")
        return value
    return env.str(name, otherwise)


SITE_NAME: str = env.str("SITE_NAME", "Nirog")
# Where a patient calls who cannot reach the doctor: shown without a network, too.
SITE_PHONE: str = env.str("SITE_PHONE", "+8809600000000" if DEMO else "")
SITE_ORIGIN: str = secret("SITE_ORIGIN", "http://localhost:8000").rstrip("/")
_origin = urlsplit(SITE_ORIGIN)
HTTPS = _origin.scheme == "https"
if PRODUCTION and not HTTPS:
    raise ImproperlyConfigured(f"SITE_ORIGIN is {SITE_ORIGIN!r}; production is served over https.")

SECRET_KEY = secret("SECRET_KEY", "only-for-the-demo-and-the-tests-" + "x" * 32)
SECRET_KEY_FALLBACKS: list[str] = env.list("SECRET_KEY_FALLBACKS", [])
ALLOWED_HOSTS = [_origin.hostname or "", *env.list("EXTRA_HOSTS", [])]
if TESTING:
    ALLOWED_HOSTS += ["testserver", "localhost", "127.0.0.1"]
CSRF_TRUSTED_ORIGINS = [SITE_ORIGIN]

# Applications, from the lowest floor to the highest: each imports only from those above it in this list.
HOUSE = [
    "accounts",
    "specialties",
    "doctors",
    "patients",
    "scheduling",
    "payments",
    "appointments",
    "telehealth",
    "prescriptions",
    "reviews",
    "config",
]
INSTALLED_APPS = [
    "daphne",
    # Without its own site: the portal's is a subclass of it (config/admin.py).
    "unfold.apps.BasicAppConfig",
    "unfold.contrib.filters",
    "config.apps.PortalAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.postgres",
    "django.contrib.sessions",
    "django.contrib.sitemaps",
    "django.contrib.staticfiles",
    "django.forms",
    "channels",
    "django_cotton",
    "django_htmx",
    "django_structlog",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "guardian",
    "pgtrigger",
    "pghistory",
    *HOUSE,
]

MIDDLEWARE = [
    "config.health.HealthMiddleware",
    "config.headers.HeadersMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.csp.ContentSecurityPolicyMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "django_structlog.middlewares.RequestMiddleware",
    "accounts.middleware.SessionLimitsMiddleware",
    "accounts.middleware.PreferencesMiddleware",
    "accounts.middleware.AccountabilityMiddleware",
    "accounts.middleware.SecondFactorMiddleware",
    "config.http.DomainErrorMiddleware",
    "config.cache.CacheDownMiddleware",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
ASGI_APPLICATION = "config.asgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": False,
        "OPTIONS": {
            "loaders": [
                (
                    "django.template.loaders.cached.Loader",
                    [
                        "django_cotton.cotton_loader.Loader",
                        "django.template.loaders.filesystem.Loader",
                        "django.template.loaders.app_directories.Loader",
                    ],
                )
            ],
            "builtins": ["django_cotton.templatetags.cotton", "config.templatetags.portal"],
            "context_processors": [
                "django.template.context_processors.csp",
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "config.http.site",
                "accounts.sessions.for_pages",
            ],
        },
    }
]
FORM_RENDERER = "config.forms.PortalRenderer"

# Data ------------------------------------------------------------------------------------------------------------


def postgres(url: str) -> dict[str, object]:
    """Django's settings for a `postgresql://user:password@host:port/name?option=value` address.

    A socket folder goes into the query as `host`, percent-encoded, as libpq has it.
    """
    parts = urlsplit(url)
    if parts.scheme not in {"postgres", "postgresql"}:
        raise ImproperlyConfigured("DATABASE_URL must begin with postgresql://; no other database can hold the portal.")
    query = {key: values[-1] for key, values in parse_qs(parts.query).items()}
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": query.pop("host", unquote(parts.hostname or "")),
        "PORT": str(parts.port or query.pop("port", "")),
        "OPTIONS": query,
    }


DATA_DIR = Path(env.str("DATA_DIR", str(BASE_DIR / ".data"))).resolve()
DATABASES = {"default": postgres(secret("DATABASE_URL", "postgresql:///portal"))}
# Persistent connections for pages and workers; a pool where one process serves many sockets (config/asgi.py asks so).
if env.bool("DATABASE_POOL", False):
    DATABASES["default"]["OPTIONS"] |= {"pool": {"min_size": 1, "max_size": 12, "timeout": 5}}
    DATABASES["default"]["CONN_MAX_AGE"] = 0
else:
    DATABASES["default"]["CONN_MAX_AGE"] = None
    DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
DATABASES["default"]["OPTIONS"] |= {"application_name": "portal", "connect_timeout": "5"}
# The statements of a booking are prepared on each connection; off where a pooler gives one's connection to others.
DATABASE_PREPARE: bool = env.bool("DATABASE_PREPARE", True)
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
# Who changed a row stands in the row of its history, which is written once.
PGHISTORY_CONTEXT_FIELD = pghistory.ContextJSONField()
PGHISTORY_ADMIN_ALL_EVENTS = False

REDIS_URL = secret("REDIS_URL", "redis://127.0.0.1:6379/0")
CACHES = {
    "default": {
        "BACKEND": "config.cache.Cache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": "cache",
        "OPTIONS": {"socket_timeout": 2, "socket_connect_timeout": 1},
    },
    # Pieces of pages, under all that they are made of, in each process for itself: some five kilobytes apiece.
    "template_fragments": {
        "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
        "OPTIONS": {"MAX_ENTRIES": 2000},
    },
}
CHANNEL_LAYERS = {
    "default": {
        "BACKEND": "config.layer.Layer",
        # Without socket_timeout=None the layer's blocking read ends every socket that is quiet for five seconds.
        "CONFIG": {"hosts": 8 * [{"address": REDIS_URL, "socket_timeout": None, "max_connections": 5000}]},
    }
}

# A search server of its own (docs/search.md); without an address PostgreSQL answers alone.
MEILISEARCH_URL: str = env.str("MEILISEARCH_URL", "").rstrip("/")
MEILISEARCH_KEY: str = env.str("MEILISEARCH_KEY", "")

# What a lost message left undone is done by the next of these: name, task, seconds. One that waited as long as that in
# the queue is dropped, so that sweeps do not pile up behind a slow gateway.
SWEEPERS = (
    ("erase-persons", "config.sweep_erasures", 3600),
    ("keep-to-retention", "config.keep_to_retention", 24 * 3600),
    ("deliver-notifications", "accounts.sweep_deliveries", 20),
    ("remove-certificates", "doctors.sweep_certificates", 300),
    ("write-steps", "doctors.write_steps", 60),
    ("write-search-documents", "doctors.sweep_documents", 60),
    ("write-search-index", "doctors.write_index", 5),
    ("remove-files", "patients.sweep_files", 60),
    ("remove-past-grants", "patients.sweep_grants", 3600),
    ("send-invitations", "patients.sweep_invitations", 30),
    ("announce-endings", "patients.announce_endings", 3600),
    ("expire-holds", "appointments.sweep_holds", 15),
    ("end-offers", "appointments.sweep_offers", 30),
    ("ask-about-visits", "appointments.sweep_left_open", 600),
    ("close-visits", "telehealth.close_left_open", 600),
    ("clear-seats", "telehealth.clear_silent_seats", 30),
    ("offer-times", "appointments.sweep_waiting_lists", 15),
    ("send-reminders", "appointments.sweep_reminders", 20),
    ("refresh-listings", "appointments.refresh_stale_listings", 60),
    ("process-messages", "payments.sweep_messages", 15),
    ("reconcile-attempts", "payments.reconcile_attempts", 20),
    ("send-refunds", "payments.sweep_refunds", 20),
    ("issue-documents", "payments.sweep_documents", 60),
    ("go-on-with-lists", "payments.sweep_lists", 120),
    ("look-at-differences", "payments.sweep_differences", 300),
    ("end-silence", "payments.sweep_disputes", 600),
    ("go-on-with-imports", "prescriptions.sweep_imports", 120),
    ("end-orders", "prescriptions.sweep_orders", 60),
    ("ask-for-reviews", "reviews.sweep_requests", 60),
    ("follow-decided-visits", "reviews.sweep_decided", 600),
    ("clear-sessions", "accounts.clear_sessions", 6 * 3600),
    ("refresh-figures", "config.refresh_figures", 3600),
    ("recount-figures", "config.recount_figures", 24 * 3600),
)
CELERY = {
    "broker_url": REDIS_URL,
    "broker_connection_retry_on_startup": True,
    "broker_transport_options": {
        "visibility_timeout": 3600,
        "socket_timeout": 5,
        "socket_connect_timeout": 2,
        # Kombu would try for six seconds, at every message, while the page waits; a sweeper does it better.
        "max_retries": 0,
        "global_keyprefix": "celery:",
    },
    "task_ignore_result": True,
    "task_serializer": "json",
    "accept_content": ["json"],
    "task_acks_late": True,
    "task_reject_on_worker_lost": True,
    "task_publish_retry": False,
    "task_default_queue": "default",
    "task_routes": {
        # The first that fits counts: a long list holds up no payment.
        "payments.*_list*": {"queue": "bulk"},
        "payments.*": {"queue": "money"},
        "config.*_figures": {"queue": "bulk"},
        "doctors.write_index": {"queue": "bulk"},
        "prescriptions.*_import*": {"queue": "bulk"},
    },
    "task_time_limit": 600,
    "task_soft_time_limit": 540,
    "worker_prefetch_multiplier": 1,
    "worker_soft_shutdown_timeout": 20,
    "worker_hijack_root_logger": False,
    "worker_send_task_events": False,
    "timezone": "UTC",
    "enable_utc": True,
    "beat_schedule": {
        name: {"task": task, "schedule": seconds, "options": {"expires": seconds}} for name, task, seconds in SWEEPERS
    },
}
QUEUES = ("money", "default", "bulk")

# People ----------------------------------------------------------------------------------------------------------

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = [
    # Django's ModelBackend is its base: to keep that one too would hash each password twice.
    "allauth.account.auth_backends.AuthenticationBackend",
    "config.permissions.ObjectPermissionBackend",
]
ANONYMOUS_USER_NAME = None
# guardian looks for its own backend; config/permissions.py stands in its place, for grants that end.
SILENCED_SYSTEM_CHECKS = ["guardian.W001"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.ScryptPasswordHasher"]
if TESTING:
    PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "accounts.passwords.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "home"

ACCOUNT_ADAPTER = "accounts.adapter.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_FORMS = {
    "login": "accounts.forms.LoginForm",
    "signup": "accounts.forms.SignupForm",
    "request_login_code": "accounts.forms.RequestLoginCodeForm",
    "confirm_login_code": "accounts.forms.ConfirmLoginCodeForm",
    "confirm_email_verification_code": "accounts.forms.ConfirmEmailForm",
    "confirm_password_reset_code": "accounts.forms.ConfirmResetCodeForm",
    "reset_password": "accounts.forms.ResetPasswordForm",
    "reset_password_from_key": "accounts.forms.NewPasswordForm",
    "change_password": "accounts.forms.ChangePasswordForm",
    "set_password": "accounts.forms.SetPasswordForm",
    "add_email": "accounts.forms.AddEmailForm",
    "reauthenticate": "accounts.forms.ReauthenticateForm",
}
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_UNIQUE_EMAIL = True
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_EMAIL_VERIFICATION_BY_CODE_ENABLED = True
ACCOUNT_EMAIL_VERIFICATION_BY_CODE_TIMEOUT = 10 * 60
ACCOUNT_EMAIL_VERIFICATION_SUPPORTS_RESEND = True
ACCOUNT_PASSWORD_RESET_BY_CODE_ENABLED = True
ACCOUNT_PASSWORD_RESET_BY_CODE_TIMEOUT = 10 * 60
ACCOUNT_LOGIN_BY_CODE_ENABLED = True
ACCOUNT_LOGIN_BY_CODE_TIMEOUT = 10 * 60
ACCOUNT_LOGIN_BY_CODE_SUPPORTS_RESEND = True
ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE = True
ACCOUNT_REAUTHENTICATION_REQUIRED = True
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_DEFAULT_HTTP_PROTOCOL = _origin.scheme
ALLAUTH_USER_CODE_FORMAT = {"numeric": True, "length": 6, "dashed": False}
# The address of a client is what the last of so many proxies says; what the client itself says stands before that.
ALLAUTH_TRUSTED_PROXY_COUNT = env.int("TRUSTED_PROXIES", 1)
# By address (ip) and by account (key, user). Whole towns share an address where phones are online, so accounts are what
# is guarded closely: a code has six digits, and 36 guesses a day find it once in 76 years.
RATE_LIMITS = {
    "login": "60/m/ip",
    "login_failed": "20/m/ip,5/5m/key",
    "signup": "20/m/ip",
    "confirm_email": "20/m/ip,1/10s/key,12/d/key",
    "request_login_code": "20/m/ip,3/10m/key,12/d/key",
    "reset_password": "20/m/ip,3/10m/key,12/d/key",
    "reset_password_from_key": "20/m/ip",
    "confirm_code": "20/m/ip,10/10m/key,36/d/key",
    "second_factor": "20/m/ip,5/5m/key,30/d/key",
    "reauthenticate": "10/m/user",
    "manage_email": "10/m/user",
    # Calendars elsewhere ask for many of their users from few addresses.
    "calendar_feed": "600/m/ip,30/h/key",
    "change_password": "5/m/user",
    "test_relay": "6/10m/user",
    # Whoever reads a few pages of reviews finds fewer to report than this; administrators look at each.
    "report_review": "10/h/user,20/d/user",
    # So many texts an account has sent, and so many a number gets: nobody is pestered from many accounts.
    "prove_mobile": "6/d/user,6/d/key",
}
ACCOUNT_RATE_LIMITS: dict[str, str] | bool = RATE_LIMITS
MFA_RATE_LIMITS: dict[str, str] | bool = {"webauthn_login": "60/m/ip"}
if TESTING and not env.bool("RATE_LIMITS", False):
    ACCOUNT_RATE_LIMITS = MFA_RATE_LIMITS = False

# Doctors and admins meet nobody's data without a second factor.
SECOND_FACTOR_REQUIRED: bool = env.bool("SECOND_FACTOR_REQUIRED", PRODUCTION)
if PRODUCTION and not SECOND_FACTOR_REQUIRED:
    raise ImproperlyConfigured("SECOND_FACTOR_REQUIRED is off; production insists on it for doctors and admins.")
# How long a session lasts unused, and how long at most. Staff are doctors and admins; a patient who does not want to
# stay signed in, on a device that others use too, has the staff's limits.
SESSION_LIMITS = {
    "patients": session_limits("SESSION_LIMITS_PATIENTS", env.str("SESSION_LIMITS_PATIENTS", "14d,60d")),
    "staff": session_limits("SESSION_LIMITS_STAFF", env.str("SESSION_LIMITS_STAFF", "1h,12h")),
}

MFA_ADAPTER = "accounts.adapter.MFAAdapter"
MFA_FORMS = {
    "authenticate": "accounts.forms.FactorForm",
    "reauthenticate": "accounts.forms.ReauthenticateFactorForm",
    "activate_totp": "accounts.forms.ActivateAppForm",
    "add_webauthn": "accounts.forms.AddPasskeyForm",
    "edit_webauthn": "accounts.forms.RenamePasskeyForm",
    "authenticate_webauthn": "accounts.forms.PasskeyForm",
    "reauthenticate_webauthn": "accounts.forms.ReauthenticatePasskeyForm",
}
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
# A passkey counts as both factors, and so always asks for the finger, the face or the PIN.
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_WEBAUTHN_USER_VERIFICATION = "required"
# A phone's clock may be half a minute off. No code is taken twice, whatever the window (accounts/services).
MFA_TOTP_TOLERANCE = 1
# The first encrypts, all of them decrypt; separated by commas. `manage.py renew_second_factors` and
# `renew_payout_numbers` move what is stored to the first.
MFA_ENCRYPTION_KEYS: list[str] = [
    key.strip()
    for key in secret("MFA_ENCRYPTION_KEYS", "only-for-the-demo-and-the-tests-" + "m" * 32).split(",")
    if key.strip()
]
if min(map(len, MFA_ENCRYPTION_KEYS), default=0) < 32:
    raise ImproperlyConfigured("MFA_ENCRYPTION_KEYS holds a key of less than 32 characters.")

# What is kept, and for how long (config/retention.py).
KEEP_NOTIFICATIONS_DAYS = 2 * 365
KEEP_REMINDERS_DAYS = 90
KEEP_UNPROVEN_ACCOUNTS_DAYS = 30
# Of applications that were begun and not sent, since somebody wrote in them last.
KEEP_DRAFTS_DAYS = 90
# Of visit notes and prescriptions, since the visit or what was signed last because of it. The database refuses less
# than five years, so that no setting takes away what was signed yesterday.
KEEP_TREATMENT_DAYS = env.int("KEEP_TREATMENT_DAYS", 10 * 366)
if KEEP_TREATMENT_DAYS < 5 * 366:
    raise ImproperlyConfigured("KEEP_TREATMENT_DAYS must be 1830 (five years) at the least.")

# How often one address may verify prescriptions in a minute: a busy pharmacy, and no machine.
VERIFICATIONS_A_MINUTE = env.int("VERIFICATIONS_A_MINUTE", 40)

# What goes back of a fee where the doctor has no policy: all until so many hours before the visit, later so many
# percent; and until how many hours before it a patient may move it.
CANCELLATION_TERMS: dict[str, int] = {
    "free_until_hours": env.int("CANCEL_FREE_UNTIL_HOURS", 0),
    "percent_after": env.int("CANCEL_PERCENT_AFTER", 100),
    "move_until_hours": env.int("MOVE_UNTIL_HOURS", 2),
}

# How long patients have to say what they want when their doctor is away, and get the fee back if they do not.
LEAVE_ANSWER = timedelta(hours=env.int("LEAVE_ANSWER_HOURS", 48))

# How long after its beginning a side counts as missing from a visit; after how long a visit that is over and of which
# nobody said what came of it is closed from evidence, or looked at; how long a side may contest what is written down.
NO_SHOW_GRACE = timedelta(minutes=env.int("NO_SHOW_GRACE_MINUTES", 10))
LEFT_OPEN_AFTER = timedelta(hours=env.int("LEFT_OPEN_AFTER_HOURS", 24))
CONTEST_WITHIN = timedelta(days=env.int("CONTEST_WITHIN_DAYS", 7))

# How long after a visit somebody may review it, and change the review then.
REVIEW_WITHIN_DAYS: int = env.int("REVIEW_WITHIN_DAYS", 60)
REVIEW_EDIT_DAYS: int = env.int("REVIEW_EDIT_DAYS", 14)

# A doctor may see a patient's health facts from the booking until so long after the visit.
CARE_AFTER_VISIT = timedelta(days=env.int("CARE_DAYS_AFTER_VISIT", 90))

# Mail and files --------------------------------------------------------------------------------------------------


def mailer(url: str) -> dict[str, object]:
    """A mailer for `smtp://`, `smtps://`, `file://` or `memory://`."""
    parts = urlsplit(url)
    backends = "django.core.mail.backends"
    if parts.scheme == "memory":
        return {"BACKEND": f"{backends}.locmem.EmailBackend"}
    if parts.scheme == "file":
        return {"BACKEND": f"{backends}.filebased.EmailBackend", "OPTIONS": {"file_path": unquote(parts.path)}}
    if parts.scheme not in {"smtp", "smtps"}:
        raise ImproperlyConfigured("EMAIL_URL must begin with smtp:// (STARTTLS) or smtps:// (TLS).")
    return {
        "BACKEND": f"{backends}.smtp.EmailBackend",
        "OPTIONS": {
            "host": parts.hostname or "localhost",
            "port": parts.port or (465 if parts.scheme == "smtps" else 587),
            "username": unquote(parts.username or ""),
            "password": unquote(parts.password or ""),
            "use_ssl": parts.scheme == "smtps",
            "use_tls": parts.scheme == "smtp" and "plain" not in parts.query,
            "timeout": 10,
        },
    }


MAILBOX_DIR = DATA_DIR / "mail"
MAILERS = {"default": mailer(secret("EMAIL_URL", "memory://" if TESTING else f"file://{MAILBOX_DIR}"))}
DEFAULT_FROM_EMAIL = SERVER_EMAIL = secret("DEFAULT_FROM_EMAIL", f"{SITE_NAME} <portal@example.com>")

# Text messages (accounts/sms.py); without an address there are none.
SMS_URL: str = env.str("SMS_URL", "mailbox:" if DEMO else "")
# Whose numbers they go to: elsewhere a message costs many times as much, and there are people who live on that.
SMS_REGIONS: list[str] = env.list("SMS_REGIONS", ["BD"])
# Push messages: the key that signs them (`manage.py make_push_key`), without which there are none; whom a push service
# writes to when something is wrong; and which services there are, by the ends of their names: nobody has us post to any
# other address. PUSH_ORIGINS names further ones in full, for a push service of one's own.
_demo_push_key = "b25seS1mb3ItdGhlLWRlbW8tYW5kLXRoZS10ZXN0cyE"
VAPID_PRIVATE_KEY: str = env.str("VAPID_PRIVATE_KEY", "" if PRODUCTION else _demo_push_key)
PUSH_CONTACT: str = env.str("PUSH_CONTACT", SITE_ORIGIN if HTTPS else "mailto:portal@example.com")
PUSH_HOSTS: list[str] = env.list(
    "PUSH_HOSTS",
    ["fcm.googleapis.com", "push.services.mozilla.com", "notify.windows.com", "push.apple.com"],
)
PUSH_ORIGINS: list[str] = env.list("PUSH_ORIGINS", [])

# While this file exists, /ready answers 503: config/gunicorn.py writes it before it lets go of the workers.
DRAIN_FILE = Path(env.str("DRAIN_FILE", str(DATA_DIR / "run" / "draining")))
MEDIA_ROOT = DATA_DIR / "media"
MEDIA_URL = "media/"
STATIC_URL = "static/"
STATIC_ROOT = DATA_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
PUBLIC_STORAGE: str = env.str("PUBLIC_STORAGE", "local")
_public_storages: dict[str, dict[str, object]] = {
    "local": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "s3": {
        "BACKEND": "storages.backends.s3.S3Storage",
        "OPTIONS": {
            "bucket_name": env.str("S3_PUBLIC_BUCKET", ""),
            "endpoint_url": env.str("S3_ENDPOINT", None),
            "querystring_auth": False,
            "file_overwrite": False,
        },
    },
    "cloudinary": {"BACKEND": "config.storage.CloudinaryPublicStorage"},
}
if PUBLIC_STORAGE not in _public_storages:
    raise ImproperlyConfigured(f"PUBLIC_STORAGE is {PUBLIC_STORAGE!r}; it must be local, s3 or cloudinary.")
CLOUDINARY_URL: str = env.str("CLOUDINARY_URL", "")
# Records and certificates: never under a public path. SENDFILE: the proxy in front reads them from PRIVATE_ROOT when
# we say so (config/caddy/Caddyfile); else we read them ourselves.
PRIVATE_ROOT = DATA_DIR / "private"
SENDFILE: bool = env.bool("SENDFILE", False)
PRIVATE_STORAGE: str = env.str("PRIVATE_STORAGE", "local")
_private_storages: dict[str, dict[str, object]] = {
    "local": {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {
            "location": PRIVATE_ROOT,
            "base_url": None,
            "file_permissions_mode": 0o640,
            "directory_permissions_mode": 0o750,
        },
    },
    "s3": {
        "BACKEND": "config.buckets.S3PrivateStorage",
        "OPTIONS": {
            "bucket_name": env.str("S3_PRIVATE_BUCKET", ""),
            "endpoint_url": env.str("S3_ENDPOINT", None),
            "region_name": env.str("S3_REGION", None),
        },
    },
    "cloudinary": {"BACKEND": "config.storage.CloudinaryPrivateStorage"},
}
if PRIVATE_STORAGE not in _private_storages:
    raise ImproperlyConfigured(f"PRIVATE_STORAGE is {PRIVATE_STORAGE!r}; it must be local, s3 or cloudinary.")
if PRIVATE_STORAGE == "s3" and not env.str("S3_PRIVATE_BUCKET", ""):
    raise ImproperlyConfigured("PRIVATE_STORAGE is s3 and S3_PRIVATE_BUCKET is not set.")
# So much may lie in one patient's records.
RECORDS_QUOTA_MB: int = env.int("RECORDS_QUOTA_MB", 500)
# Where ClamAV's daemon listens, host:port; without it files are not looked through for viruses.
CLAMAV_ADDRESS: str = env.str("CLAMAV_ADDRESS", "")
STORAGES = {
    "default": _public_storages[PUBLIC_STORAGE],
    "private": _private_storages[PRIVATE_STORAGE],
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if TESTING
        else "config.storage.StaticStorage"
    },
}
DATA_UPLOAD_MAX_MEMORY_SIZE = 256 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 500
FILE_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024

# Money -----------------------------------------------------------------------------------------------------------

SSLCOMMERZ_URL: str = secret("SSLCOMMERZ_URL", "http://localhost:8001").rstrip("/")
SSLCOMMERZ_STORE_ID: str = secret("SSLCOMMERZ_STORE_ID", "demo")
SSLCOMMERZ_STORE_PASSWORD: str = secret("SSLCOMMERZ_STORE_PASSWORD", "demo-secret")
# Hosts that a payer may be sent to, beside the gateway's own.
SSLCOMMERZ_PAGE_HOSTS: list[str] = env.list("SSLCOMMERZ_PAGE_HOSTS", ["epay-gw.sslcommerz.com"])
SSLCOMMERZ_TIMEOUT: float = env.float("SSLCOMMERZ_TIMEOUT", 10.0)
# What the portal keeps of an earned fee where the admin has no rate for the doctor or the specialty.
COMMISSION_PERCENT: Decimal = env.decimal("COMMISSION_PERCENT", Decimal(10))
# A doctor who has earned less than this waits for a later payout run.
PAYOUT_MINIMUM: Decimal = env.decimal("PAYOUT_MINIMUM", Decimal(500))
# How long a payer may complain about a payment, how long the doctor may answer, and an administrator take to decide.
DISPUTE_WITHIN_DAYS: int = env.int("DISPUTE_WITHIN_DAYS", 30)
DISPUTE_ANSWER_DAYS: int = env.int("DISPUTE_ANSWER_DAYS", 5)
DISPUTE_DECIDE_DAYS: int = env.int("DISPUTE_DECIDE_DAYS", 5)

# Video visits ----------------------------------------------------------------------------------------------------

# The relay's addresses, `turn:` and `turns:`; without any, calls need a direct path. The secret is the relay's own.
TURN_URLS: list[str] = env.list("TURN_URLS", [])
# Sound and picture by the relay alone: nobody learns the other side's address. It costs the relay all of the traffic.
TURN_ONLY: bool = env.bool("TURN_ONLY", False)
TURN_SECRET: str = secret("TURN_SECRET", "only-for-the-demo-and-the-tests-" + "t" * 32)
# As many sockets of rooms as one process of daphne hears in time on a core of its own (docs/benchmarks.md).
ROOM_SOCKETS: int = env.int("ROOM_SOCKETS", 600)

# Language and time -----------------------------------------------------------------------------------------------

LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English")), ("bn", _("Bangla"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"
PORTAL_TIME_ZONE: str = env.str("PORTAL_TIME_ZONE", "Asia/Dhaka")
PHONENUMBER_DEFAULT_REGION = "BD"
PHONENUMBER_DB_FORMAT = "E164"
CURRENCY = "BDT"
# Where administrators look a doctor's registration number up.
REGISTER_URL: str = env.str("REGISTER_URL", "https://verify.bmdc.org.bd/")

# The browser -----------------------------------------------------------------------------------------------------

SESSION_COOKIE_NAME = "__Host-session" if HTTPS else "session"
CSRF_COOKIE_NAME = "__Host-csrf" if HTTPS else "csrf"
LANGUAGE_COOKIE_NAME = "__Host-language" if HTTPS else "language"
THEME_COOKIE_NAME = "__Host-theme" if HTTPS else "theme"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = HTTPS
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = LANGUAGE_COOKIE_HTTPONLY = True
# Lax: after the gateway's cross-site return is answered by a redirect, the session comes along.
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = LANGUAGE_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = SESSION_LIMITS["patients"].idle
CSRF_FAILURE_VIEW = "config.views.csrf_failure"
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_SSL_REDIRECT = HTTPS
SECURE_HSTS_SECONDS = 2 * 365 * 24 * 3600 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = HTTPS
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
_websocket_origin = ("wss" if HTTPS else "ws") + "://" + _origin.netloc
_image_origins = env.list("IMAGE_ORIGINS", ["https://res.cloudinary.com"] if PUBLIC_STORAGE == "cloudinary" else [])
SECURE_CSP = {
    "default-src": [CSP.NONE],
    "script-src": [CSP.SELF, CSP.NONCE],
    "style-src": [CSP.SELF],
    "img-src": [CSP.SELF, "data:", *_image_origins],
    "font-src": [CSP.SELF],
    "connect-src": [CSP.SELF, _websocket_origin],
    "manifest-src": [CSP.SELF],
    "form-action": [CSP.SELF],
    "base-uri": [CSP.NONE],
    "object-src": [CSP.NONE],
    "frame-ancestors": [CSP.NONE],
    "report-uri": [CSP_REPORTS],
    "report-to": ["csp"],
}
# The admin's own kit computes expressions and styles in the page; it is fenced off from everything patients see.
ADMIN_CSP = SECURE_CSP | {
    "script-src": [CSP.SELF, CSP.UNSAFE_EVAL],
    "style-src": [CSP.SELF, CSP.UNSAFE_INLINE],
}
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"

# What is written down --------------------------------------------------------------------------------------------

LOG_FILE: str = env.str("LOG_FILE", "")
LOG_LEVEL: str = env.str("LOG_LEVEL", "WARNING" if TESTING else "INFO")
LOGGING = logging_config(level=LOG_LEVEL, file=LOG_FILE, human=not PRODUCTION)
DJANGO_STRUCTLOG_CELERY_ENABLED = True
DJANGO_STRUCTLOG_IP_LOGGING_ENABLED = False
# One line for each request and each task, when it is done.
DJANGO_STRUCTLOG_STATUS_START_LOG_LEVEL = DJANGO_STRUCTLOG_CELERY_TASK_START_LOG_LEVEL = logging.DEBUG

UNFOLD = {
    "SITE_TITLE": SITE_NAME,
    "SITE_HEADER": SITE_NAME,
    "SITE_SYMBOL": "stethoscope",
    "SITE_FAVICONS": [{"rel": "icon", "type": "image/svg+xml", "href": lambda request: static("img/icon.svg")}],
    "ENVIRONMENT": "config.admin.environment",
    "DASHBOARD_CALLBACK": "config.dashboard.add_figures",
    "STYLES": [lambda request: static("css/admin.css")],
    "ACCOUNT": {"navigation": "config.admin.account_links"},
    "SHOW_HISTORY": True,
    "SHOW_VIEW_ON_SITE": False,
    "COLORS": {
        "primary": {
            "50": "#EFF9F8",
            "100": "#DDF1EF",
            "200": "#B5E1DD",
            "300": "#86CCC6",
            "400": "#4FC1B8",
            "500": "#1E8E88",
            "600": "#0B6B69",
            "700": "#08514F",
            "800": "#0A4241",
            "900": "#0B3736",
            "950": "#04201F",
        }
    },
}
