"""Django's settings. Everything that differs between installations comes through `config.env`."""

import gc
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import dj_database_url
from csp.constants import NONCE, NONE, SELF

from config import env, logs, mail
from config.admin_site import look

# Most of what a start makes is there to stay: collecting meanwhile takes a quarter of it. `config.apps` begins again.
gc.disable()

BASE_DIR = Path(__file__).resolve().parent.parent
DATA_DIR = env.data_dir()

SECRET_KEY = env.secret_key()
DEBUG = False
PUBLIC_URL = env.public_url()
_public = urlsplit(PUBLIC_URL)
ALLOWED_HOSTS = [
    "localhost",
    "127.0.0.1",
    "[::1]",
    *filter(None, [_public.hostname]),
    *env.listed("ALLOWED_HOSTS"),
]
CSRF_TRUSTED_ORIGINS = [f"{_public.scheme}://{_public.netloc}"]
_is_https = _public.scheme == "https"

INSTALLED_APPS = [
    "unfold.apps.BasicAppConfig",
    "unfold.contrib.filters",
    "config.admin_site.apps.AdminSiteConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "csp",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "channels",
    "accounts",
    "catalog",
    "oncall",
    "incidents",
    "notifications",
    "escalation",
    "alerts",
    "postmortems",
    "web",
    "config",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "core.middleware.refuse_nul",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "csp.middleware.CSPMiddleware",
    "web.middleware.NothingToWatch",
    "web.middleware.ReadersTimeZone",
    "web.middleware.RefusalsAsPages",
]

ROOT_URLCONF = "config.urls"
ASGI_APPLICATION = "config.asgi.application"
AUTH_USER_MODEL = "accounts.User"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "web" / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "csp.context_processors.nonce",
            ],
        },
    },
]

# A connection is kept: a new one costs PostgreSQL 4 ms of CPU. Under ASGI each request's work may run on another
# thread, so they are kept by psycopg's pool and not by Django's CONN_MAX_AGE.
_POOL = env.number("TOCSIN_DB_POOL")
_DATABASE_URL = env.database_url() or "postgresql://localhost/tocsin"
# By this name in pg_stat_activity anybody who can ask the database sees whether an engine runs, without the broker.
ENGINE_NAME = "tocsin engine"
_database: dict[str, Any] = dict(dj_database_url.parse(_DATABASE_URL, conn_max_age=0))
_database.setdefault("OPTIONS", {}).update(
    {
        "application_name": ENGINE_NAME if env.is_engine() else "tocsin",
        "options": "-c statement_timeout=15s -c idle_in_transaction_session_timeout=30s -c lock_timeout=10s",
        "connect_timeout": 5,
    }
)
if _POOL:
    _database["OPTIONS"]["pool"] = {"min_size": 1, "max_size": _POOL, "timeout": 5}
DATABASES = {"default": _database}

LONGEST_SEARCH = 4.0  # seconds that each statement of a search by words may take

REDIS_URL = env.redis_url()
# Cache only what may vanish at any moment and differ between processes; nothing here needs a shared cache.
CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
SESSION_ENGINE = "django.contrib.sessions.backends.db"
CHANNEL_LAYERS: dict[str, Any] = {
    "default": (
        {
            "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
            "CONFIG": {
                "hosts": [{"address": REDIS_URL, "socket_timeout": 2, "socket_connect_timeout": 1}],
                # What is published is heard in all numbered databases of a server: others' changes are not ours.
                "prefix": f"tocsin{env.redis_number(REDIS_URL)}",
            },
        }
        if REDIS_URL
        else {"BACKEND": "channels.layers.InMemoryChannelLayer"}
    )
}

LANGUAGE_CODE = "en-gb"
TIME_ZONE = "UTC"
USE_TZ = True
USE_I18N = False
FORMAT_MODULE_PATH = "config.formats"

STATIC_URL = "/static/"
STATIC_ROOT = BASE_DIR / "static-collected"
STATICFILES_DIRS = [BASE_DIR / "web" / "static"]
# Files are served from where they lie; `collectstatic` is only for images built beforehand.
WHITENOISE_USE_FINDERS = not (STATIC_ROOT / "web").exists()
WHITENOISE_AUTOREFRESH = False

TRUSTED_PROXIES = env.number("TOCSIN_TRUSTED_PROXIES")
LOGIN_URL = "/sign-in/"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "/sign-in/"
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
SESSION_COOKIE_NAME = "__Host-tocsin" if _is_https else "tocsin"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = _is_https
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_AGE = 14 * 24 * 3600
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_HSTS_SECONDS = 31_536_000 if _is_https else 0
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF, NONCE],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF, _public._replace(scheme="wss" if _is_https else "ws", path="").geturl()],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
        "manifest-src": [SELF],
    },
}

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "accounts.api_keys.ApiKeyAuthentication",
        "accounts.api_keys.SignedInAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["accounts.access.RoleAndScope"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["core.parsing.Json"],
    "DEFAULT_PAGINATION_CLASS": "core.api.NewestFirst",
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "core.api.answer_to",
    "UNAUTHENTICATED_USER": None,
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Tocsin",
    "DESCRIPTION": "Incident management and alert routing.",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "COMPONENT_SPLIT_REQUEST": True,
    "POSTPROCESSING_HOOKS": ["drf_spectacular.hooks.postprocess_schema_enums", "core.openapi.with_errors"],
    "ENUM_NAME_OVERRIDES": {
        "Role": "accounts.models.Role",
        "IncidentStatus": "incidents.states.Status",
        "Urgency": "incidents.models.Urgency",
        "UrgencyRule": "catalog.models.UrgencyRule",
        "Severity": "incidents.models.Severity",
        "AlertStatus": "alerts.models.AlertStatus",
        "EventStatus": "alerts.models.EventStatus",
        "HeartbeatState": "alerts.heartbeats.models.HeartbeatState",
        "DeliveryStatus": "notifications.states.Status",
        "PostmortemStatus": "postmortems.states.CHOICES",
        "ActionItemStatus": "postmortems.models.ActionItemStatus",
    },
}

KEEP_EVENTS_DAYS = env.number("TOCSIN_KEEP_EVENTS")

SLACK_BOT_TOKEN = env.text("SLACK_BOT_TOKEN")
SLACK_APP_TOKEN = env.text("SLACK_APP_TOKEN")
SLACK_SIGNING_SECRET = env.text("SLACK_SIGNING_SECRET")
SLACK_API_URL = env.text("SLACK_API_URL")
TWILIO_ACCOUNT_SID = env.text("TWILIO_ACCOUNT_SID")
TWILIO_AUTH_TOKEN = env.text("TWILIO_AUTH_TOKEN")
TWILIO_FROM = env.text("TWILIO_FROM")
TWILIO_API_URL = env.text("TWILIO_API_URL")
# With its final slash, so that no other host begins like it.
SMTP_IN = env.text("TOCSIN_SMTP_IN")
SMTP_IN_CERTIFICATE, SMTP_IN_KEY = env.file("TOCSIN_SMTP_IN_CERTIFICATE"), env.file("TOCSIN_SMTP_IN_KEY")
EMAIL_INBOUND, EMAIL_INBOUND_SECRET = env.text("EMAIL_INBOUND"), env.text("EMAIL_INBOUND_SECRET")
# How large a body may be is said by config.bodies, for each path.
DATA_UPLOAD_MAX_MEMORY_SIZE = 16 * 1024 * 1024
SNS_API_URL = f"{env.text('SNS_API_URL').rstrip('/')}/" if env.text("SNS_API_URL") else ""
THROTTLE = env.flag("TOCSIN_THROTTLE")
FAILPOINT = env.text("TOCSIN_FAILPOINT")
ALLOW_PRIVATE_NETWORKS = env.listed("TOCSIN_ALLOW_PRIVATE")

DEFAULT_FROM_EMAIL = env.text("DEFAULT_FROM_EMAIL")
EMAIL_IS_CONFIGURED = bool(env.text("EMAIL_URL"))
_mail = mail.read(env.text("EMAIL_URL") or "smtp://localhost:25")
EMAIL_HOST, EMAIL_PORT = _mail.host, _mail.port
EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = _mail.user, _mail.password
EMAIL_USE_TLS, EMAIL_USE_SSL = _mail.starts_tls, _mail.is_tls
EMAIL_TIMEOUT = 10

UNFOLD = look.UNFOLD

LOGGING_CONFIG = None
logs.set_up()
