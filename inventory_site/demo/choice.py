"""Which products the demo shop carries: best sellers, ordinary and slow ones, some discontinued, some new."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

#: What a web shop for groceries does not sell, or what the till books without a real product behind it.
LEFT_OUT_DEPARTMENTS = (
    "FUEL", "MISCELLANEOUS", "COUPON", "SALAD BAR", "CHEF SHOPPE", "TRAVEL & LEISURE", "RESTAURANT", "FLORAL",
    "GARDEN CENTER", "PHOTO & VIDEO", "CNTRL/STORE SUP", "POSTAL CENTER", "CHARITABLE CONT", "SPIRITS", "DELI",
)  # fmt: skip
LEFT_OUT_CATEGORIES = ("CIGARETTES", "TOBACCO OTHER", "COUPON/MISC ITEMS", "CHICKEN/POULTRY")

#: What does not keep for months: it is bought often, and never left over after it was discontinued.
FRESH_DEPARTMENTS = ("PRODUCE", "MEAT", "MEAT-PCKGD", "PASTRY", "SEAFOOD", "SEAFOOD-PCKGD")
FRESH_CATEGORIES = (
    "BAKED BREAD/BUNS/ROLLS", "FLUID MILK PRODUCTS", "CHEESE", "MILK BY-PRODUCTS", "EGGS", "YOGURT", "BUTTER",
    "MARGARINES", "REFRGRATD JUICES/DRNKS", "REFRGRATD DOUGH PRODUCTS", "MISC. DAIRY", "REFRIGERATED",
)  # fmt: skip

MIN_LINES = 40
DEAD_DAYS = 120
NEW_DAYS = 100


@dataclass(frozen=True)
class Seller:
    """What the choice needs to know of one product's year."""

    product_id: int
    lines: int
    first_day: int
    last_day: int
    is_fresh: bool


def is_fresh(*, department: str, category: str) -> bool:
    return department in FRESH_DEPARTMENTS or category in FRESH_CATEGORIES


def choose(sellers: list[Seller], *, count: int, days: int) -> list[int]:
    """``count`` product ids, best sellers first; the same data gives the same choice."""
    ranked = sorted((s for s in sellers if s.lines >= MIN_LINES), key=lambda s: (-s.lines, s.product_id))
    few = max(1, round(0.01 * count))
    dead = [s for s in ranked if s.last_day < days - DEAD_DAYS and not s.is_fresh][:few]
    new = [s for s in ranked if s.first_day >= days - NEW_DAYS and s.last_day >= days - 14][:few]
    current = [s for s in ranked if s.first_day < days - NEW_DAYS and s.last_day >= days - DEAD_DAYS]
    best = current[: count // 2]
    rest = current[len(best) :]
    evenly = np.linspace(0, len(rest) - 1, count - len(best) - len(dead) - len(new)).astype(int)
    chosen = [*best, *(rest[i] for i in evenly), *dead, *new]
    return [s.product_id for s in sorted(chosen, key=lambda s: (-s.lines, s.product_id))]
