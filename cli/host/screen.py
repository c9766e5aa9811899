"""What the local host says when it serves."""

from rich.console import Console
from rich.table import Table

from cli.host.host import LocalHost, ServedFunction
from cli.output import program

_TITLES = {"http": "HTTP", "timer": "timer", "queue": "queue"}


def show(host: LocalHost, console: Console, *, gives_tokens: bool = False) -> None:
    """Prints the functions, the next runs of timers, the addresses, and how to make a first request.

    `gives_tokens`: this machine is an issuer of tokens to itself.
    """
    table = Table("Function", "Trigger", "Listens to", "Next run (UTC)", box=None, header_style="bold")
    for function in host.served():
        table.add_row(function.name, _TITLES[function.kind], function.source, _when(function))
    console.print(table)
    console.print(f"\nServing {host.url}   health: {host.health_url}   Ctrl+C ends", highlight=False)
    console.print(f"The API, described: {host.docs_url}", highlight=False)
    if gives_tokens:
        console.print(
            "A first request, in another window:\n"
            f"  TOKEN=$({program()} token --user me --role forecasting_admin)\n"
            f'  curl -H "Authorization: Bearer $TOKEN" {host.url}/api/v1/forecasting/sites',
            highlight=False,
            soft_wrap=True,
            markup=False,
        )


def _when(function: ServedFunction) -> str:
    if function.is_idle:
        return "not pumped: Service Bus is set"
    return f"{function.next_run:%Y-%m-%d %H:%M:%S}" if function.next_run else ""
