"""The REST API: an ASGI app over the services."""
