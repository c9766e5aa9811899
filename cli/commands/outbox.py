"""`townepark outbox`: messages that wait to be sent."""

from datetime import timedelta
from typing import Annotated

import typer

from cli import output
from cli.arguments import AsJson, operator, ready_runtime
from shared_code.services.outbox_relay import relay_outbox, send_again, unsent

app = typer.Typer(help="Messages that wait to be sent.", invoke_without_command=True)


@app.callback()
def outbox(context: typer.Context, as_json: AsJson = False) -> None:
    """Show what has not been sent: how many to where, since when, attempts and errors."""
    if context.invoked_subcommand is not None:
        return
    current = ready_runtime()
    waiting, now = unsent(current), current.clock.now()
    ages = [int((now - part.oldest_at).total_seconds()) for part in waiting]
    if as_json:
        parts = [{**output.plain(part), "oldestAgeS": age} for part, age in zip(waiting, ages, strict=True)]
        output.print_json({"unsent": sum(part.messages for part in waiting), "destinations": parts})
        return
    output.table(
        f"Unsent messages: {sum(part.messages for part in waiting):,}",
        ("Destination", "Messages", "Oldest (UTC)", "Age", "Attempts", "Next attempt (UTC)", "Last errors"),
        [
            (
                part.destination,
                part.messages,
                part.oldest_at,
                output.age(age),
                part.attempts,
                part.next_attempt_at,
                ", ".join(part.errors) or None,
            )
            for part, age in zip(waiting, ages, strict=True)
        ],
        right=("Messages", "Age", "Attempts"),
    )


@app.command()
def send(as_json: AsJson = False) -> None:
    """Send what is due now, without waiting for the timer."""
    sent = relay_outbox(ready_runtime())
    if as_json:
        output.print_json({"sent": sent})
    else:
        output.out.print(f"Sent: {sent:,}")


@app.command()
def resend(
    hours: Annotated[int, typer.Option("--hours", min=1, max=336, help="What was sent in the last hours.")] = 24,
    as_json: AsJson = False,
) -> None:
    """Send again what was sent lately: the broker has lost it. What was handled already is recognised."""
    number = send_again(ready_runtime(), timedelta(hours=hours), by=operator())
    if as_json:
        output.print_json({"messages": number})
    else:
        output.out.print(f"To be sent again: {number:,}")
