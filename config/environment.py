"""The names of the environment variables that config/settings.py reads.

The demo and the tests set what they need of these and keep the rest of a developer's own out.
tests/config/test_topology.py keeps the list true.
"""

VARIABLES = (
    "CLAMAV_ADDRESS",
    "CARE_DAYS_AFTER_VISIT",
    "CLOUDINARY_URL",
    "DATABASE_POOL",
    "DATABASE_URL",
    "DATA_DIR",
    "DEFAULT_FROM_EMAIL",
    "DRAIN_FILE",
    "EMAIL_URL",
    "EXTRA_HOSTS",
    "IMAGE_ORIGINS",
    "LOG_FILE",
    "LOG_LEVEL",
    "MFA_ENCRYPTION_KEYS",
    "PORTAL_ENV",
    "PORTAL_TIME_ZONE",
    "PRIVATE_STORAGE",
    "PUBLIC_STORAGE",
    "RATE_LIMITS",
    "REDIS_URL",
    "S3_ENDPOINT",
    "S3_PUBLIC_BUCKET",
    "SECOND_FACTOR_REQUIRED",
    "SECRET_KEY",
    "SECRET_KEY_FALLBACKS",
    "SENDFILE",
    "SESSION_LIMITS_PATIENTS",
    "SESSION_LIMITS_STAFF",
    "SITE_NAME",
    "SITE_ORIGIN",
    "SSLCOMMERZ_PAGE_HOSTS",
    "SSLCOMMERZ_STORE_ID",
    "SSLCOMMERZ_STORE_PASSWORD",
    "SSLCOMMERZ_TIMEOUT",
    "SSLCOMMERZ_URL",
    "TRUSTED_PROXIES",
)
