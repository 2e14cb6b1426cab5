"""All settings, each from one environment variable, with a sentence where one is missing.

A secret named NAME may also come from the file that NAME_FILE names.
"""

import base64
import os
import sys
from decimal import Decimal
from pathlib import Path

import dj_database_url
from django.core.exceptions import ImproperlyConfigured
from redis.backoff import NoBackoff
from redis.retry import Retry

BASE_DIR = Path(__file__).resolve().parent.parent


def env(name: str, default: str | None = None, *, why: str = "") -> str:
    """The variable `name`, or the content of the file that `name`_FILE names."""
    if value := os.environ.get(name):
        return value
    if path := os.environ.get(f"{name}_FILE"):
        try:
            return Path(path).read_text().strip()
        except OSError as error:
            raise ImproperlyConfigured(f"{name}_FILE names {path}, which cannot be read: {error.strerror}.") from error
    if default is None:
        raise ImproperlyConfigured(
            f"{name} is not set. {why} `bin/demo` sets it by itself; README lists all variables."
        )
    return default


def env_bool(name: str, default: bool) -> bool:
    """The variable as yes or no."""
    value = env(name, "yes" if default else "no").lower()
    if value not in {"1", "yes", "true", "on", "0", "no", "false", "off"}:
        raise ImproperlyConfigured(f"{name} is {value!r}; say yes or no.")
    return value in {"1", "yes", "true", "on"}


def env_number(name: str, default: float) -> float:
    """The variable as a positive number."""
    value = env(name, str(default))
    try:
        number = float(value)
    except ValueError:
        raise ImproperlyConfigured(f"{name} is {value!r}; it must be a number.") from None
    if number <= 0:
        raise ImproperlyConfigured(f"{name} is {value}; it must be above zero.")
    return number


def env_key(name: str) -> bytes | None:
    """The variable as a key of 32 bytes, given in base64; None where it is not set."""
    value = env(name, "")
    if not value:
        return None
    try:
        key = base64.b64decode(value, validate=True)
    except ValueError:
        key = b""
    if len(key) != 32:
        raise ImproperlyConfigured(f"{name} must be 32 random bytes in base64, as `openssl rand -base64 32` gives.")
    return key


def env_count(name: str) -> int:
    """The variable as a whole number from zero on; zero where it is not set."""
    value = env(name, "0")
    if not value.isdecimal():
        raise ImproperlyConfigured(f"{name} is {value!r}; it must be a whole number, or 0 for no limit.")
    return int(value)


# What runs where

DEBUG = env_bool("DEBUG", False)
SECRET_KEY = env("SECRET_KEY", why="It signs sessions; any 50 random characters will do, kept between starts.")
ALLOWED_HOSTS = env("ALLOWED_HOSTS", "localhost,127.0.0.1,[::1]").split(",")
CSRF_TRUSTED_ORIGINS = [origin for origin in env("CSRF_TRUSTED_ORIGINS", "").split(",") if origin]
HTTPS = env_bool("HTTPS", True)
ROOT_URLCONF = "fintech_ai.urls"
WSGI_APPLICATION = "fintech_ai.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "django.contrib.humanize",
    "fintech_ai.core",
    "fintech_ai.audit",
    "fintech_ai.accounts",
    "fintech_ai.privacy",
    "fintech_ai.gateway",
    "fintech_ai.webhooks",
    "fintech_ai.cases",
    "triage",
    "observability",
    "fintech_ai.core.apps.ComplianceConfig",
    "guardian",
    "axes",
    "rest_framework",
    "django_filters",
    "drf_spectacular",
    "drf_spectacular_sidecar",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "fintech_ai.accounts.middleware.ScopeMiddleware",
    "fintech_ai.core.api.length.LengthRequiredMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "axes.middleware.AxesMiddleware",
]

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
                "fintech_ai.cases.context.navigation",
            ],
        },
    },
]

# Database: "default" is the plain role that owns nothing; "owner" exists only where migrations run.

DATABASES = {
    "default": dj_database_url.parse(
        env("DATABASE_URL", why="It names PostgreSQL, as in postgresql://fintech_app:…@host/fintech_ai."),
        conn_max_age=60,
        conn_health_checks=True,
    )
}
if owner_url := env("DATABASE_OWNER_URL", ""):
    DATABASES["owner"] = dj_database_url.parse(owner_url)
for database in DATABASES.values():
    database["OPTIONS"] = {"connect_timeout": 3, **database.get("OPTIONS", {})}
DATABASE_ROUTERS = ["fintech_ai.core.database.OwnerMigrates"]

# Redis: broker, cache, throttles. Nothing is kept there that PostgreSQL does not hold too.

REDIS_URL = env("REDIS_URL", why="It names a Redis or Valkey server, as in redis://:password@host:6379/0.")
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": "fintech_ai",
        "OPTIONS": {"socket_connect_timeout": 1, "socket_timeout": 1, "retry": Retry(NoBackoff(), 0)},
    }
}

# Sign-in

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "django.contrib.auth.backends.ModelBackend",
    "guardian.backends.ObjectPermissionBackend",
]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator",
        "OPTIONS": {"user_attributes": ["email", "name"]},
    },
]
LOGIN_URL = "sign-in"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "sign-in"
GUARDIAN_MONKEY_PATCH_USER = False
ANONYMOUS_USER_NAME = None

# Lock-out: five wrong passwords for one e-mail address from one network address close that pair for 15 minutes
# (NIST SP 800-63B section 5.2.2).
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = 0.25
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_USERNAME_FORM_FIELD = "username"
AXES_RESET_ON_SUCCESS = True
AXES_LOCKOUT_TEMPLATE = "accounts/locked_out.html"
AXES_SENSITIVE_PARAMETERS = ["username"]
AXES_VERBOSE = False

# Cookies, headers, content security policy

SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = 10 * 60 * 60
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
CSRF_FAILURE_VIEW = "fintech_ai.core.error_pages.csrf_failure"
SECURE_SSL_REDIRECT = HTTPS
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if env_bool("BEHIND_PROXY", False) else None
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "font-src": ["'self'"],
        "connect-src": ["'self'"],
        "form-action": ["'self'"],
        "frame-ancestors": ["'none'"],
        "base-uri": ["'none'"],
    }
}
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024

# Language, time, files

LANGUAGE_CODE = "en-us"
TIME_ZONE = "UTC"
USE_I18N = False
USE_TZ = True
STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "templates" / "static"]
WHITENOISE_USE_FINDERS = True
WHITENOISE_MAX_AGE = 300

# API

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "fintech_ai.accounts.authentication.TokenAuthentication",
        "fintech_ai.accounts.authentication.MemberSessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["fintech_ai.core.api.parsers.StrictJSONParser"],
    "DEFAULT_PAGINATION_CLASS": "fintech_ai.core.api.pagination.NewestFirst",
    "DEFAULT_FILTER_BACKENDS": ["fintech_ai.core.api.filters.StrictFilterBackend"],
    "DEFAULT_SCHEMA_CLASS": "fintech_ai.core.api.schema.ProblemAutoSchema",
    "DEFAULT_THROTTLE_CLASSES": ["fintech_ai.accounts.throttling.PerActorThrottle"],
    "DEFAULT_THROTTLE_RATES": {"actor": env("API_RATE", "1200/minute")},
    "EXCEPTION_HANDLER": "fintech_ai.core.api.problems.exception_handler",
    "COERCE_DECIMAL_TO_STRING": True,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "fintech_ai",
    "DESCRIPTION": "Cases, recommendations with checked evidence, and decisions.",
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SCHEMA_PATH_PREFIX": r"/api/v1",
    "COMPONENT_SPLIT_REQUEST": True,
    "ENUM_NAME_OVERRIDES": {
        "AlertChannelEnum": "triage.models.AlertChannel",
        "PaymentChannelEnum": "triage.models.Channel",
    },
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "SERVE_PERMISSIONS": ["rest_framework.permissions.IsAuthenticated"],
}

# Background work. The Run row is the truth; a lost message is found again by the sweep.

CELERY_BROKER_URL = REDIS_URL
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_SEND_TASK_EVENTS = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 3600,
    "global_keyprefix": "celery-",
    "socket_connect_timeout": 2,
    "socket_timeout": 5,
    "socket_keepalive": True,
}
CELERY_TASK_DEFAULT_QUEUE = "default"
RUN_LEASE_SECONDS = env_number("RUN_LEASE_SECONDS", 90)
RUN_SWEEP_SECONDS = env_number("RUN_SWEEP_SECONDS", 10)
RUN_RING_AGAIN_SECONDS = 6 * RUN_SWEEP_SECONDS
RUN_MAX_TRIES = 5
CELERY_BEAT_SCHEDULE = {
    "sweep-runs": {"task": "fintech_ai.cases.tasks.sweep_runs", "schedule": RUN_SWEEP_SECONDS},
    "reconcile-budgets": {"task": "fintech_ai.gateway.tasks.reconcile_budgets", "schedule": 5},
    "sweep-webhooks": {"task": "fintech_ai.webhooks.tasks.sweep_messages", "schedule": 5},
    "forget-idempotency-keys": {"task": "fintech_ai.accounts.tasks.forget_idempotency_keys", "schedule": 24 * 60 * 60},
    "check-clearing": {"task": "triage.tasks.check_clearing", "schedule": 60 * 60},
    "forget-contents": {"task": "fintech_ai.gateway.tasks.forget_contents", "schedule": 24 * 60 * 60},
}

# Webhooks lead out of the house; yes lets them lead to addresses within it, and to plain http: for development.

WEBHOOKS_TO_PRIVATE_NETWORKS = env_bool("WEBHOOKS_TO_PRIVATE_NETWORKS", default=False)

# Content that is stored encrypted. Without a master key none is stored, and no model is asked: privacy/vault.py.

MASTER_KEY = env_key("MASTER_KEY")
MASTER_KEY_PREVIOUS = env_key("MASTER_KEY_PREVIOUS")
MODEL_CONTENT_DAYS = env_number("MODEL_CONTENT_DAYS", 90)

# Models. One deadline covers a whole call with its retries; a run's lease must outlive it.

MODEL_CALL_DEADLINE_SECONDS = env_number("MODEL_CALL_DEADLINE_SECONDS", 45)
MODEL_ATTEMPT_SECONDS = env_number("MODEL_ATTEMPT_SECONDS", 20)
if MODEL_CALL_DEADLINE_SECONDS >= RUN_LEASE_SECONDS:
    raise ImproperlyConfigured(
        f"MODEL_CALL_DEADLINE_SECONDS ({MODEL_CALL_DEADLINE_SECONDS:g}) must be below RUN_LEASE_SECONDS "
        f"({RUN_LEASE_SECONDS:g}), or a slow call is taken for a dead worker."
    )
REDACTION_SECONDS = env_number("REDACTION_SECONDS", 10)
# In US dollars, where a tenant has not chosen others: for one request, one case, one calendar month.
MODEL_BUDGET_REQUEST_USD = Decimal(str(env_number("MODEL_BUDGET_REQUEST_USD", 0.5)))
MODEL_BUDGET_CASE_USD = Decimal(str(env_number("MODEL_BUDGET_CASE_USD", 2)))
MODEL_BUDGET_MONTH_USD = Decimal(str(env_number("MODEL_BUDGET_MONTH_USD", 200)))
MODEL_RATE_TENANT_PER_MINUTE = int(env_number("MODEL_RATE_TENANT_PER_MINUTE", 600))
OPENAI_API_KEY = env("OPENAI_API_KEY", "")
OPENAI_BASE_URL = env("OPENAI_BASE_URL", "")
OPENAI_MODEL = env("OPENAI_MODEL", "gpt-4.1-mini")
OPENAI_REGION = env("OPENAI_REGION", "")
AZURE_OPENAI_ENDPOINT = env("AZURE_OPENAI_ENDPOINT", "")
AZURE_OPENAI_API_KEY = env("AZURE_OPENAI_API_KEY", "")
AZURE_OPENAI_DEPLOYMENT = env("AZURE_OPENAI_DEPLOYMENT", "gpt-4.1-mini")
# The model behind the deployment, where its name does not say so: budgets hold by its price.
AZURE_OPENAI_MODEL = env("AZURE_OPENAI_MODEL", AZURE_OPENAI_DEPLOYMENT)
AZURE_OPENAI_REGION = env("AZURE_OPENAI_REGION", "")
ANTHROPIC_API_KEY = env("ANTHROPIC_API_KEY", "")
ANTHROPIC_BASE_URL = env("ANTHROPIC_BASE_URL", "")
ANTHROPIC_MODEL = env("ANTHROPIC_MODEL", "claude-haiku-4-5")
ANTHROPIC_REGION = env("ANTHROPIC_REGION", "")

# Limits of models' requests and tokens per minute, where 0 is without limit: those of our accounts at the providers,
# beside which the limits that a provider names in its replies hold as well; and the share of any one tenant.

MODEL_PROVIDER_RATES = {
    provider: (env_count(f"{prefix}_REQUESTS_PER_MINUTE"), env_count(f"{prefix}_TOKENS_PER_MINUTE"))
    for provider, prefix in {
        "openai": "OPENAI",
        "azure": "AZURE_OPENAI",
        "anthropic": "ANTHROPIC",
        "compatible": "OPENAI",
    }.items()
}
MODEL_TENANT_TOKENS_PER_MINUTE = env_count("MODEL_TENANT_TOKENS_PER_MINUTE")
# For how long a provider that has been failing is left alone at first.
MODEL_BREAKER_OPEN_SECONDS = env_number("MODEL_BREAKER_OPEN_SECONDS", 5)

# Logs carry ids, never content.

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"plain": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "plain", "stream": sys.stderr}},
    "root": {"handlers": ["stderr"], "level": env("LOG_LEVEL", "INFO")},
    "loggers": {
        "axes": {"level": "WARNING"},
        "httpx2": {"level": "WARNING"},
        "openai": {"level": "WARNING"},
        "anthropic": {"level": "WARNING"},
    },
}
