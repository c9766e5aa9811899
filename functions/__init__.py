"""Triggers: Azure's types in, a service call, Azure's types out."""
