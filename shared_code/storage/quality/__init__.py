"""Checks of the stored data: each is a statement that returns the keys that break its rule.

Source: Source side, "Data-quality rules".
"""
