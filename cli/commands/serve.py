"""`townepark serve`: the registered functions on this machine."""

import logging
import signal
import sys
import time
from typing import Annotated, Any

import typer

from cli import output
from cli.arguments import AsJson, ready_runtime
from cli.host.embedded_store import EmbeddedStore
from cli.host.host import DEFAULT_PORT, LocalHost
from cli.host.queues import QueueStore
from cli.host.screen import show
from cli.host.service_bus_store import ServiceBusStore
from shared_code.logs import JsonFormatter
from shared_code.messaging.service_bus import client_of
from shared_code.security.development import is_embedded_default
from shared_code.services import observed


def serve(
    port: Annotated[
        int, typer.Option("--port", min=0, max=65_535, help="Port of HTTP; 0 takes any free one.")
    ] = DEFAULT_PORT,
    address: Annotated[str, typer.Option("--host", help="Address to listen on.")] = "127.0.0.1",
    as_json: AsJson = False,
) -> None:
    """Serve HTTP, timers and queues until Ctrl+C."""
    if not address.strip():
        # To the operating system no address means every address of the machine.
        raise typer.BadParameter("an address to listen on is needed: 127.0.0.1, or 0.0.0.0 for the whole network")
    # What stops services and containers ends the host as Ctrl+C does: work under way is finished.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    runtime = ready_runtime()
    _log_what_happens(runtime.settings.log_level, as_json=as_json)
    open_client = client_of(runtime.settings)
    store: QueueStore[Any] = ServiceBusStore(open_client) if open_client else EmbeddedStore(runtime.database)
    with LocalHost(store, address=address, port=port) as host:
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
    if isinstance(store, ServiceBusStore):
        store.close()
    runtime.close()


def _log_what_happens(level: str, *, as_json: bool) -> None:
    """Log to standard error from `level` on: lines with their time (UTC) for people, JSON for programs."""
    plain = logging.Formatter("%(asctime)s %(levelname)s %(message)s", "%Y-%m-%d %H:%M:%S")
    plain.converter = time.gmtime
    for handler in logging.getLogger().handlers:
        handler.setLevel(level.upper())
        handler.setFormatter(JsonFormatter() if as_json else plain)
        if not as_json and handler.level > logging.DEBUG:
            handler.addFilter(is_news)


def is_news(record: logging.LogRecord) -> bool:
    """False for a message that was worked off well: of hundreds after a load, nobody could read what else is said."""
    is_done = record.name == observed.__name__ and record.levelno == logging.INFO
    return not (is_done and isinstance(record.args, tuple) and record.args[0] == observed.MESSAGE)
