"""Exports: what a reader sees of a forecast, as a file.

Source: REST API, "Audit and export".
"""
