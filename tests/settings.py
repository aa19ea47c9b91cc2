"""The product's settings on scratch folders, with the database that SHELFWISE_TEST_DB names and a fast hasher."""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

SCRATCH = Path(tempfile.mkdtemp(prefix="shelfwise-tests-"))
atexit.register(shutil.rmtree, SCRATCH, ignore_errors=True)

TEST_DATABASE = os.environ.get("SHELFWISE_TEST_DB", "sqlite")
GIVEN_SERVER = os.environ.get("DATABASE_URL", "")
GIVEN_BROKER = os.environ.get("REDIS_URL", "")
os.environ["DATABASE_URL"] = {
    "sqlite": f"sqlite:///{SCRATCH / 'test.sqlite3'}",
    "postgres": "postgres://named-when-the-first-test-needs-it",
}[TEST_DATABASE]
os.environ["SHELFWISE_VAR"] = str(SCRATCH / "var")
# Nothing listens there: a test that needs the broker asks for the fixture ``broker``.
os.environ["REDIS_URL"] = "redis://127.0.0.1:1/0"

from inventory_site.settings import *  # after the environment, which it reads

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
# Asks the database once a second, which tests that count queries would see; it has tests of its own.
REST_FRAMEWORK["DEFAULT_THROTTLE_CLASSES"] = []  # noqa: F405
STATIC_ROOT = SCRATCH / "static"
STATIC_ROOT.mkdir()
# Looks for a file when it is asked for: each test's client would list all of them first.
WHITENOISE_AUTOREFRESH = True

# Commands that a test starts are the product's, on the scratch folders and databases named above.
os.environ["DJANGO_SETTINGS_MODULE"] = "inventory_site.settings"
