"""The platform's invocation, so that whatever its work logs names it, in whichever thread, and goes on with its trace.

Source: Azure Functions, "Logging"; Operations, "Monitoring and alerts".
"""

from collections.abc import Callable
from typing import Any

import azure.functions as func

from shared_code.logs import invoked
from shared_code.trace_context import traced


def in_invocation(run: Callable[[Any], None], context: func.Context, value: object) -> None:
    """Runs `run` with `value` as the work of the invocation that `context` tells of. Raises what it raises."""
    storage: Any = context.thread_local_storage
    trace = getattr(context.trace_context, "trace_parent", None)
    with invoked(context.invocation_id, storage), traced(trace):
        run(value)


def named_like(run: Callable[..., None], wrapped: Callable[..., None]) -> Callable[..., None]:
    """`wrapped` under the name of `run`, which is the function's; its own parameters are what the platform binds."""
    wrapped.__name__, wrapped.__qualname__ = run.__name__, run.__qualname__
    wrapped.__doc__, wrapped.__module__ = run.__doc__, run.__module__
    return wrapped
