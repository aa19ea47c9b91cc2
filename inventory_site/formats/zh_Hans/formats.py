"""Chinese numbers in threes, as accounts are kept; Django's own formats leave them ungrouped."""

THOUSAND_SEPARATOR = ","
NUMBER_GROUPING = 3
