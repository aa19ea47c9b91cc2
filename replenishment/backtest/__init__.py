"""A shop's past lived again under other ordering rules: pure, arrays in, arrays out.

All arrays are [days, items] or [spans, items] (a day or a span is one row in memory), quantities are pieces.
"""
