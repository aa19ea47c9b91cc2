"""Settings: a laptop needs none; production sets DATABASE_URL, REDIS_URL, ALLOWED_HOSTS and SECRET_KEY."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path

import dj_database_url
from csp.constants import NONCE, NONE, SELF, UNSAFE_INLINE
from django.templatetags.static import static
from django.utils.translation import gettext_lazy as _

from inventory_site.environment import flag, names, number, secret_key

BASE_DIR = Path(__file__).resolve().parent.parent
VAR_DIR = Path(os.environ.get("SHELFWISE_VAR", BASE_DIR / "var"))

SECRET_KEY = secret_key(VAR_DIR)
DEBUG = flag("DEBUG", False)
ALLOWED_HOSTS = names("ALLOWED_HOSTS", "localhost,127.0.0.1,[::1]")
CSRF_TRUSTED_ORIGINS = names("CSRF_TRUSTED_ORIGINS")
SECURE_COOKIES = flag("SECURE_COOKIES", False)

INSTALLED_APPS = [
    "unfold.apps.BasicAppConfig",
    "unfold.contrib.filters",
    "unfold.contrib.import_export",
    "inventory_site.apps.ShelfAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.humanize",
    "django.contrib.messages",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "rest_framework",
    "django_filters",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "import_export",
    "django_celery_beat",
    "axes",
    "csp",
    "inventory_site",
    "inventory_site.common",
    "catalog",
    "stock",
    "orders",
    "forecasting",
    "replenishment",
    "alerts",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "inventory_site.common.middleware.AdminPolicyMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "inventory_site.common.middleware.PlainAddressMiddleware",
    "inventory_site.common.middleware.ShopZoneMiddleware",
    "inventory_site.common.middleware.PersonLanguageMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "inventory_site.urls"
CSRF_FAILURE_VIEW = "inventory_site.refusals.csrf_failed"
WSGI_APPLICATION = "inventory_site.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "inventory_site.common.context.shop",
            ]
        },
    }
]

DATABASES = {
    "default": dj_database_url.config(
        default=f"sqlite:///{VAR_DIR / 'shelfwise.sqlite3'}", conn_max_age=60, conn_health_checks=True
    )
}
if "sqlite" in DATABASES["default"]["ENGINE"]:
    # IMMEDIATE is what keeps two writers right on SQLite: select_for_update does nothing there. Temporary files stay
    # files: a statement journal in memory is walked from its start for each row, and 200,000 movements take minutes.
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA foreign_keys=ON; "
        "PRAGMA cache_size=-65536;",
    }
CACHES = {"default": {"BACKEND": "django.core.cache.backends.db.DatabaseCache", "LOCATION": "common_cache"}}

AUTH_USER_MODEL = "common.User"
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "stock.access.RoleBackend",  # knows most answers with one query
    "django.contrib.auth.backends.ModelBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("UserAttributeSimilarityValidator", "MinimumLengthValidator", "CommonPasswordValidator")
]
# Where a row's own page is, so that the lower apps can link to it without knowing who draws it.
ABSOLUTE_URL_OVERRIDES = {"catalog.product": lambda product: f"/admin/catalog/product/{product.pk}/plan/"}
# A name from an app above common, so it stands here, as AUTH_USER_MODEL does.
COST_PERMISSION = "catalog.view_cost"
LOGIN_URL = "admin:login"
LOGIN_REDIRECT_URL = "admin:index"
AXES_FAILURE_LIMIT = 10
AXES_COOLOFF_TIME = timedelta(minutes=15)
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_ENABLE_ACCESS_FAILURE_LOG = True
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_COOKIES
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if flag("BEHIND_TLS_PROXY", False) else None

LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("zh-hans", "简体中文")]
LOCALE_PATHS = [BASE_DIR / "locale"]
FORMAT_MODULE_PATH = "inventory_site.formats"
USE_TZ = True
TIME_ZONE = "UTC"

STATIC_URL = "/static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
STATICFILES_DIRS = [BASE_DIR / "static"]
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = DEBUG
MEDIA_ROOT = VAR_DIR / "files"  # imports; never served by address
DATA_UPLOAD_MAX_NUMBER_FIELDS = 20_000
FILE_UPLOAD_MAX_MEMORY_SIZE = 2 * 2**20

# Unfold's Alpine needs unsafe-eval, which AdminPolicyMiddleware adds under the admin alone; its inline styles
# cannot carry a nonce.
CONTENT_SECURITY_POLICY = {
    "EXCLUDE_URL_PREFIXES": [],
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF, NONCE],
        "style-src": [SELF, UNSAFE_INLINE],
        "img-src": [SELF, "data:"],
        "object-src": [NONE],
        "base-uri": [SELF],
        "frame-ancestors": [NONE],
        "form-action": [SELF],
    },
}

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "inventory_site.common.api_rules.TokenAuthentication",
        "inventory_site.common.api_rules.PersonSession",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["inventory_site.common.api_rules.RolePermission"],
    "DEFAULT_FILTER_BACKENDS": [
        "django_filters.rest_framework.DjangoFilterBackend",
        "rest_framework.filters.SearchFilter",
        "inventory_site.common.api_rules.DeclaredOrdering",
    ],
    "DEFAULT_PAGINATION_CLASS": "inventory_site.common.api_rules.Pages",
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_PARSER_CLASSES": ["inventory_site.common.api_bodies.PlainJSONParser"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_THROTTLE_CLASSES": ["inventory_site.common.api_rules.SharedRate"],
    "DEFAULT_THROTTLE_RATES": {"user": os.environ.get("API_RATE", "20000/hour")},
    "EXCEPTION_HANDLER": "inventory_site.common.api.explain_error",
    "PAGE_SIZE": 50,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Shelfwise",
    "DESCRIPTION": "Inventory, forecasts, reorder points, suggestions and warnings of one shop.",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.IsAuthenticated"],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "SCHEMA_PATH_PREFIX": "/api/",
    "COMPONENT_SPLIT_REQUEST": True,
}

# Redis is only a wake-up: what is to be done stands in the database.
CELERY_BROKER_URL = os.environ.get("REDIS_URL", "redis://127.0.0.1:6379/0")
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {"visibility_timeout": 7200, "unacked_restore_throttle": 1}
CELERY_TASK_TIME_LIMIT = 3600
CELERY_BEAT_SCHEDULER = "django_celery_beat.schedulers:DatabaseScheduler"
CELERY_TIMEZONE = "UTC"
CELERY_BEAT_SCHEDULE = {
    "nightly: is a run due?": {"task": "inventory_site.tasks.wake_nightly", "schedule": timedelta(minutes=15)},
    "nightly: go on": {"task": "inventory_site.tasks.continue_nightly", "schedule": timedelta(seconds=30)},
    "outbox": {"task": "inventory_site.tasks.deliver_outbox", "schedule": timedelta(seconds=2)},
    "messages": {"task": "alerts.tasks.dispatch", "schedule": timedelta(seconds=5)},
    "audit": {"task": "inventory_site.tasks.seal_audit", "schedule": timedelta(seconds=10)},
    "imports: go on": {"task": "orders.tasks.continue_imports", "schedule": timedelta(seconds=30)},
    "reservations": {"task": "orders.tasks.expire_reservations", "schedule": timedelta(seconds=60)},
    "housekeeping": {"task": "inventory_site.tasks.housekeeping", "schedule": timedelta(hours=6)},
}

# Without a mail server, mails are only written to the console; the admin says so.
EMAIL_HOST = os.environ.get("EMAIL_HOST", "")
EMAIL_BACKEND = os.environ.get(
    "EMAIL_BACKEND", f"django.core.mail.backends.{'smtp' if EMAIL_HOST else 'console'}.EmailBackend"
)
EMAIL_USE_SSL = flag("EMAIL_USE_SSL", False)
EMAIL_USE_TLS = flag("EMAIL_USE_TLS", False)
EMAIL_PORT = number("EMAIL_PORT", 465 if EMAIL_USE_SSL else 587 if EMAIL_USE_TLS else 25)
EMAIL_HOST_USER = os.environ.get("EMAIL_HOST_USER", "")
EMAIL_HOST_PASSWORD = os.environ.get("EMAIL_HOST_PASSWORD", "")
EMAIL_FILE_PATH = VAR_DIR / "mail"  # where EMAIL_BACKEND is the one that writes files, as in the demo
EMAIL_TIMEOUT = 10  # seconds for each answer of the mail server
DEFAULT_FROM_EMAIL = os.environ.get("DEFAULT_FROM_EMAIL", "shelfwise@localhost")
SITE_URL = os.environ.get("SITE_URL", "http://127.0.0.1:8000")
LAN_WELCOME = os.environ.get("LAN_WELCOME", "")  # set by serve --lan: the plain page that a phone opens first

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"plain": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "plain"}},
    "root": {"handlers": ["console"], "level": os.environ.get("LOG_LEVEL", "WARNING")},
    # Django's own line about a wrong host is a traceback; ``refusals`` writes one sentence instead.
    "loggers": {"axes": {"level": "ERROR"}, "django.security.DisallowedHost": {"level": "CRITICAL"}},
}

TEAL = {
    "50": "oklch(98.4% .014 180.72)", "100": "oklch(95.3% .051 180.801)", "200": "oklch(91% .096 180.426)",
    "300": "oklch(85.5% .138 181.071)", "400": "oklch(77.7% .152 181.912)", "500": "oklch(70.4% .14 182.503)",
    "600": "oklch(51.1% .096 186.391)", "700": "oklch(43.7% .078 188.216)", "800": "oklch(38.6% .063 188.416)",
    "900": "oklch(33% .054 189)", "950": "oklch(27.7% .046 192.524)",
}  # fmt: skip
UNFOLD = {
    "SITE_TITLE": "Shelfwise",
    "SITE_HEADER": "Shelfwise",
    "SITE_SUBHEADER": _("What to do today"),
    "SITE_SYMBOL": "inventory_2",
    "SITE_FAVICONS": [
        {"rel": "icon", "type": "image/svg+xml", "href": lambda request: static("shelfwise.svg")},
    ],
    "SHOW_HISTORY": True,
    "SHOW_VIEW_ON_SITE": False,
    "SHOW_LANGUAGES": True,
    "DASHBOARD_CALLBACK": "inventory_site.today.dashboard",
    "COLORS": {"primary": TEAL},
    "STYLES": [lambda request: static("shelfwise.css")],
    "SCRIPTS": [lambda request: static("access.js")],
    "SIDEBAR": {
        "show_search": True,
        "show_all_applications": False,
        "navigation": "inventory_site.navigation.sections",
    },
}
