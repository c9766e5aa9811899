"""The validation of the data: what is checked, in which order, and what was found.

Source: Operations, "Schedules"; REST API, "Operations".
"""
