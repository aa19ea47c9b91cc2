"""Simulated suppliers: who sells what, on which terms, and how long their deliveries really take."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .sales import Shop

#: Stands in every simulated name and reference, so that nobody takes it for the real part of the data.
LABEL = "simulated"
#: The late supplier's deliveries slow down over this many last days, to this multiple of what it declares.
DRIFT_DAYS, DRIFT_FACTOR = 150, 2.0


@dataclass(frozen=True)
class Supplier:
    """``words`` are looked for in a product's department and category; the first supplier with a hit has it."""

    code: str
    name: str
    lead_time_days: int
    lead_time_std_days: float
    review_period_days: int
    minimum_order_cost: int
    words: tuple[str, ...]
    drifts_late: bool = False

    @property
    def label(self) -> str:
        return f"{self.name} ({LABEL})"


SUPPLIERS = (
    Supplier("FRESHFIELD", "Freshfield Produce", 2, 0.5, 2, 100, ("produce/",)),
    Supplier("PRAIRIE", "Prairie Meats", 3, 0.7, 3, 150, ("meat/", "meat-pckgd", "seafood-pckgd")),
    Supplier("CORNER", "Corner Bakery", 1, 0.3, 2, 80, ("baked bread", "pastry/")),
    Supplier("NORTHICE", "North Ice Frozen Foods", 7, 1.5, 7, 250, ("frozen", "ice cream")),
    Supplier("MEADOW", "Meadow Dairy", 2, 0.6, 2, 100,
             ("fluid milk", "milk by", "cheese", "eggs", "yogurt", "/butter", "margarine", "dairy", "chilled")),
    Supplier("BLUEWATER", "Bluewater Drinks", 5, 1.0, 7, 200, ("drink", "water", "juice", "beer", "tea", "coffee")),
    Supplier("CRISP", "Crisp and Sweet", 9, 2.0, 7, 200, ("snack", "candy", "cookie", "cracker", "sweet goods")),
    Supplier("HARVEST", "Harvest Canning", 14, 2.0, 7, 250,
             ("soup", "shelf stable", "canned", "sauce"), drifts_late=True),
    Supplier("BRIGHTWAY", "Brightway Household", 18, 4.0, 14, 300,
             ("tiss", "paper", "laundry", "dishwash", "clean", "bleach", "wraps", "air care", "cat ", "dog ", "drug")),
    Supplier("MILLSTONE", "Millstone Pantry", 12, 2.5, 7, 250, ()),
)  # fmt: skip
#: Sells some of the late supplier's goods as well: sooner and dearer.
SECOND_SOURCE = Supplier("CITYWIDE", "Citywide Wholesale", 3, 0.5, 1, 0, ())
SECOND_SOURCE_MARKUP, SECOND_SOURCE_EVERY = 1.12, 3
LATE = next(i for i, supplier in enumerate(SUPPLIERS) if supplier.drifts_late)
#: Pieces in a case, by how many a warehouse sells in a day.
PACKS = ((4.0, 24), (1.0, 12), (0.3, 6), (0.0, 3))


@dataclass(frozen=True)
class Terms:
    """One entry per product: which supplier (place in ``SUPPLIERS``), at what cost, in what lots."""

    supplier: np.ndarray
    unit_cost: np.ndarray
    pack_size: np.ndarray
    min_order_quantity: np.ndarray


def supplier_of(department: str, category: str) -> int:
    """The place of the supplier of such a product; the last one sells whatever nobody else does."""
    text = f"{department}/{category}/".lower()
    return next((i for i, s in enumerate(SUPPLIERS) if any(word in text for word in s.words)), len(SUPPLIERS) - 1)


def terms(shop: Shop, rng: np.random.Generator) -> Terms:
    """Costs stay below what customers really paid on average; packs follow the product's pace."""
    paid = shop.cents.sum(axis=(1, 2)) / np.maximum(shop.demand.sum(axis=(1, 2)), 1) / 100
    pace = shop.demand.sum(axis=(1, 2)) / np.maximum(shop.listed.sum(axis=1), 1) / shop.demand.shape[2]
    pack = np.array([next(size for least, size in PACKS if a_day >= least) for a_day in pace])
    supplier = np.array([supplier_of(p.department, p.category) for p in shop.products])
    slow = np.array([s.lead_time_days for s in SUPPLIERS])[supplier] >= 14
    return Terms(
        supplier=supplier,
        unit_cost=np.maximum(np.round(paid * rng.uniform(0.6, 0.8, len(paid)), 4), 0.01),
        pack_size=pack,
        min_order_quantity=pack * np.where(slow, 2, 1),
    )


def lead_times(days: int, warehouses: int, rng: np.random.Generator) -> np.ndarray:
    """Real lead times in days [supplier, warehouse, day of the order], at least one day."""
    mean = np.array([s.lead_time_days for s in SUPPLIERS], float)[:, None] * np.ones(days)
    mean[LATE] *= 1 + (DRIFT_FACTOR - 1) * np.clip((np.arange(days) - days + DRIFT_DAYS) / DRIFT_DAYS, 0, 1)
    std = np.array([s.lead_time_std_days for s in SUPPLIERS])[:, None, None]
    drawn = rng.gamma((mean[:, None, :] / std) ** 2, std**2 / mean[:, None, :], (len(SUPPLIERS), warehouses, days))
    return np.maximum(np.rint(drawn), 1).astype(int)
