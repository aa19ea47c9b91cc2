"""Decisions in money, one problem a file: arrays and dataclasses in and out, solved by scipy's HiGHS or by recursion.

What each problem is, in plain words, with its limits: docs/decisions.md.
"""
