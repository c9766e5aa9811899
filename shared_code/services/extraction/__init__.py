"""Extraction: each feed read in batches, checked, staged and published in one transaction.

Source: Source side.
"""
