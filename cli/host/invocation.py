"""One call of a registered function, with what the platform gives along.

Source: Azure Functions, "Logging" and "Threads".
"""

import asyncio
import threading
import uuid
from dataclasses import dataclass, field
from typing import Any

import azure.functions as func

from cli.host.functions import RegisteredFunction

_thread = threading.local()
"""Where the platform keeps the id of the invocation that a thread works for."""


@dataclass(frozen=True)
class _Invocation:
    """The context of one invocation, as the platform's worker fills it; there is no trace and no retry here."""

    function_name: str
    invocation_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    function_directory: str = ""
    thread_local_storage: threading.local = _thread
    trace_context: None = None
    retry_context: None = None


# The SDK's own class, so that a function may ask whether it has a context.
func.Context.register(_Invocation)


def invoke(function: RegisteredFunction, value: object) -> object:
    """Runs `function` in this thread with `value` at its trigger. Raises what it raises."""
    arguments = _arguments(function, value)
    try:
        return asyncio.run(function.run(**arguments)) if function.is_async else function.run(**arguments)
    finally:
        _thread.invocation_id = None


async def invoke_async(function: RegisteredFunction, value: object) -> object:
    """Runs `function` on this loop, or in a thread when it is synchronous."""
    if not function.is_async:
        return await asyncio.to_thread(invoke, function, value)
    return await function.run(**_arguments(function, value))


def _arguments(function: RegisteredFunction, value: object) -> dict[str, Any]:
    context = _Invocation(function.name)
    _thread.invocation_id = context.invocation_id
    arguments: dict[str, Any] = {str(function.trigger["name"]): value}
    if function.takes_context:
        arguments["context"] = context
    return arguments
