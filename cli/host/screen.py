"""What the local host says when it serves."""

from rich.console import Console
from rich.table import Table

from cli.host.host import LocalHost, ServedFunction

_TITLES = {"http": "HTTP", "timer": "timer", "queue": "queue"}


def show(host: LocalHost, console: Console) -> None:
    """Prints the functions with their triggers, the next runs of timers and the address of health."""
    table = Table("Function", "Trigger", "Listens to", "Next run (UTC)", box=None, header_style="bold")
    for function in host.served():
        table.add_row(function.name, _TITLES[function.kind], function.source, _when(function))
    console.print(table)
    console.print(f"\nServing {host.url}   health: {host.health_url}   Ctrl+C ends", highlight=False)


def _when(function: ServedFunction) -> str:
    if function.is_idle:
        return "not pumped: Service Bus is set"
    return f"{function.next_run:%Y-%m-%d %H:%M:%S}" if function.next_run else ""
