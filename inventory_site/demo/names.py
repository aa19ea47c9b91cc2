"""Readable names from the till's abbreviations: type, brand and size. And barcodes, which the data does not tell."""

from __future__ import annotations

import re

from catalog.gtin import is_gtin

#: What the till cuts off or writes in a way that no rule can read.
PHRASES = (
    (r"^SFT DRNK SNGL SRV BTL.*", "Soft drink single bottle"),
    (r"^SFT DRNK 2 LITER BTL.*", "Soft drink large bottle"),
    (r"^SFT DRNK MLT-PK BTL.*", "Soft drink bottle multipack"),
    (r"^SOFT DRINKS 12/18&15PK.*", "Soft drink can multipack"),
    (r"^SOFT DRINKS 20PK&24PK.*", "Soft drink can case"),
    (r"^SOFT DRINKS 6PK/4PK.*", "Soft drink can small pack"),
    (r"^MAINSTREAM WHEAT/MULTIGRAIN.*", "Wheat and multigrain bread"),
    (r"^MAINSTREAM WHITE BREAD", "White bread"),
    (r"^NON-IWS SINGLE CHEESE", "Sliced cheese"),
    (r"^IWS SINGLE CHEESE", "Cheese slices single wrapped"),
    (r"^FLUID MILK WHITE ONLY", "White milk"),
    (r"^BEERALEMALT LIQUORS", "Beer and ale"),
    (r"^SAUCESSALSAPICANTEE.*", "Salsa and picante sauce"),
    (r"^SGL SV/VEND MACH SNACKS.*", "Single-serve snacks"),
    (r"^BUTTER SPRAY CRACKER.*", "Butter crackers"),
    (r"^RTS SOUP.*", "Ready soup"),
    (r"^SEMI-SOLID SALAD DRESSING.*", "Mayonnaise and salad dressing"),
    (r"^NON-CRBNTD DRNKING/MNERAL WATE", "Still mineral water"),
    (r"^NON-CARB (FLVRD DRNKNG/MNRL WAT|WATER FLVR.*)", "Flavored still water"),
    (r"^BEANS GREEN: FS/WHL/CUT", "Green beans"),
    (r"^VARIETY BEANS - KIDNEY.*", "Kidney, pinto and other beans"),
    (r"^FACIAL TISSUE.*", "Facial tissue"),
    (r"^DAIRY CASE 100% PURE JUICE - O.*", "Chilled orange juice"),
    (r"^DAIRY CASE 100% PURE JUICE.*", "Chilled juice"),
    (r"^DAIRY CASE ", "Chilled "),
    (r"^PLSTC CTLRY.*", "Plastic cutlery"),
    (r"^MEXICAN SOFT TORTILLAS.*", "Soft tortillas"),
    (r"^TOMATOES: STEWED.*", "Stewed and diced tomatoes"),
    (r"^YOGURT NOT MULTI-PACKS", "Yogurt"),
    (r"NATURAL CHEESE EXACT WT", "Natural cheese"),
    (r"^SS ECONOMY ENTREES.*", "Economy entrees"),
    (r"^SS PREMIUM ENTREES.*", "Premium entrees"),
    (r"SW GDS:", "Sweet goods "),
    (r"\(BULK&BA.*", ""),
    (r" ALL$", ""),
    (r"\(.*", ""),
)  # fmt: skip
WORDS = {
    "frzn": "frozen", "frz": "frozen", "drnk": "drink", "btl": "bottle", "dnrs": "dinners", "ss": "single-serve",
    "refrig": "chilled", "refrgratd": "chilled", "refrigerated": "chilled", "refigerated": "chilled",
    "veg": "vegetable", "brd": "breaded", "fd": "food", "cnd": "canned", "pk": "pack", "jce": "juice",
    "mlk": "milk", "choc": "chocolate", "chococlate": "chocolate", "misc": "other", "mult": "multi", "pkg": "packed",
    "tort": "tortilla", "specilaty": "specialty", "iqf": "quick-frozen", "drnks": "drinks", "mxs": "mixes",
    "brkfst": "breakfast", "whlsm": "wholesome", "sald": "salad", "drsng": "dressing", "sndwch": "sandwich",
    "sprd": "spread", "pnt": "peanut", "btr": "butter", "pkld": "pickled", "conc": "concentrate", "tiss": "tissue",
    "dnr": "dinner", "trsh": "trash", "bg": "bags", "bn": "beans", "cleang": "cleaning", "sherbts": "sherbets",
    "sweetners": "sweeteners", "pwdr": "powder", "crystl": "crystal", "flvrd": "flavored", "bkd": "baked",
    "pkgd": "packaged", "mixs": "mixes", "bbq": "barbecue", "wtr": "water",
}  # fmt: skip
#: Types that say nothing without their category ("Premium" is bacon or ice cream, "Lean" is beef).
VAGUE = frozenset(
    "all angus blends choice cocktails combinations combo cooked cuts economy flavored fresh garden internal kits lean "
    "links mainstream meat microwave natural other patties pizza plus poultry pre-cooked premium primal raw red "
    "regular rolls smoked snacks specialty sticks traditional treats value better for you".split()
)


def plain(text: str) -> str:
    """Write a till's text out: ``FRZN FRENCH FRIES`` becomes ``Frozen french fries``."""
    for pattern, instead in PHRASES:
        text = re.sub(pattern, instead, text)
    text = re.sub(r"\s*&\s*", " and ", text.lower())
    text = re.sub(r"\s*[/:]\s*|,\s*", ", ", re.sub(r"\s+-\s*|\s*-\s+", " ", text))
    words = re.findall(r"[\w'%.-]+|,", text)
    text = " ".join(WORDS.get(word, word) for word in words).replace(" ,", ",").strip(", ")
    return text[:1].upper() + text[1:]


def size(text: str) -> str:
    """A size as a customer writes it: ``16 OZS.`` becomes ``16 oz``."""
    text = re.sub(r"\b(\d+)\.0+\b", r"\1", text.strip().lower())
    for pattern, instead in ((r"\boz[s.]*(?=\W|$)", "oz"), (r"\b(ga|galon)\b", "gal"), (r"\b(dz|doz)\b", "dozen")):
        text = re.sub(pattern, instead, text)
    return re.sub(r"\bl\b", "L", re.sub(r"^[a-z] (?=\d)", "", " ".join(text.split())))


def product_name(*, product_type: str, category: str, brand: str, package_size: str) -> str:
    """``Shredded cheese, own brand, 8 oz``: type, brand and size."""
    kind = plain(product_type)
    if set(re.findall(r"[a-z-]+", product_type.lower())) - {"-"} <= VAGUE:
        kind = f"{plain(category)} {kind.lower()}"
    label = "own brand" if brand == "Private" else "national brand"
    return f"{kind}, {label}, {size(package_size)}"


def unique(names: list[str]) -> list[str]:
    """Number the repeats in their order: the data tells two flavours of one size apart by number only."""
    seen: dict[str, int] = {}
    out = []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        out.append(name if seen[name] == 1 else f"{name}, no. {seen[name]}")
    return out


def barcode(sku: str) -> str:
    """An EAN-13 of the range that shops use among themselves (20 to 29), around the number in the SKU.

    >>> barcode("GRO-1022053")
    '2000010220533'
    """
    stem = f"20{int(sku.rpartition('-')[2]):010d}"
    return next(code for digit in "0123456789" if is_gtin(code := stem + digit))
