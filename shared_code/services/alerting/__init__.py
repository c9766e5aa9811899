"""Alerts as data: the rules, what they look at, their states, and who is told.

Source: Operations, "Monitoring and alerts".
"""
