"""`townepark serve`: the registered functions on this machine."""

import logging
import sys
from typing import Annotated

import typer

from cli import output
from cli.arguments import AsJson, ready_runtime
from cli.host.embedded_store import EmbeddedStore
from cli.host.host import DEFAULT_PORT, LocalHost
from cli.host.screen import show
from shared_code.security.development import is_embedded_default


def serve(
    port: Annotated[int, typer.Option("--port", help="Port of HTTP; 0 takes any free one.")] = DEFAULT_PORT,
    address: Annotated[str, typer.Option("--host", help="Address to listen on.")] = "127.0.0.1",
    as_json: AsJson = False,
) -> None:
    """Serve HTTP, timers and queues until Ctrl+C."""
    runtime = ready_runtime()
    for handler in logging.getLogger().handlers:
        handler.setLevel(logging.INFO)
    with LocalHost(EmbeddedStore(runtime.database), address=address, port=port) as host:
        if as_json:
            output.print_json(
                {
                    "url": host.url,
                    "healthUrl": host.health_url,
                    "docsUrl": host.docs_url,
                    "functions": host.served(),
                }
            )
            sys.stdout.flush()
        else:
            show(host, output.out, gives_tokens=is_embedded_default(runtime.settings))
        host.wait()
