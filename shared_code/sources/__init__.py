"""Data from outside: the warehouse, the budget API, the Workday API."""
