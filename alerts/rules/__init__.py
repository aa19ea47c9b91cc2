"""The alert rules: one file each, found by their module's name. Copy one to write another."""

from __future__ import annotations

import importlib
import pkgutil

from alerts.rules.base import RULES, AlertRule, Finding

for _module in pkgutil.iter_modules(__path__):
    importlib.import_module(f"{__name__}.{_module.name}")

__all__ = ["RULES", "AlertRule", "Finding"]
