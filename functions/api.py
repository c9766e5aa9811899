"""The one HTTP function: every route, handed to the API's own application.

The platform asks for no key: the API has a gate of its own.

Source: Architecture, "The house"; Azure Functions, "HTTP through ASGI".
"""

import asyncio
from functools import cache

import azure.functions as func

from functions.asgi import AsgiApp, answer

blueprint = func.Blueprint()  # type: ignore[no-untyped-call] # the SDK leaves this one untyped


@blueprint.route(route="{*route}", auth_level=func.AuthLevel.ANONYMOUS)
async def api(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    """Any method, any path: what the API answers."""
    try:
        return await answer(_app(), req, context)
    except asyncio.CancelledError:
        # The worker never answers an invocation that ends in this one; an ordinary error becomes a 500.
        raise RuntimeError("the request was cancelled from within") from None


@cache
def _app() -> AsgiApp:
    from shared_code.api.app import asgi_app  # noqa: PLC0415 - on first use: a web framework is slow to import

    return asgi_app()
