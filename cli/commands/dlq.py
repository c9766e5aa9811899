"""`townepark dlq`: dead letters of the broker and messages that were set aside, together."""

import json
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any

import typer

from cli import output
from cli.arguments import AsJson, operator, ready_runtime
from cli.failures import FAILED
from shared_code.services import dead_letters
from shared_code.services.dead_letter_stores import DeadLetter, short_name
from shared_code.services.dead_letters import DeadLetterFilter
from shared_code.services.runtime import Runtime
from shared_code.services.whole_file import whole_file

app = typer.Typer(help="Messages that could not be worked off.", no_args_is_help=True)


Ids = Annotated[list[str] | None, typer.Argument(metavar="ID...", help="As `dlq list` names them.")]
Queue = Annotated[str | None, typer.Option("--queue", help="Of this queue or subscription, for instance pl.refresh.")]
Reason = Annotated[str | None, typer.Option("--reason", help="With this reason code.")]
Site = Annotated[str | None, typer.Option("--site", help="About this site.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]
WithReplayed = Annotated[bool, typer.Option("--replayed", help="Also those of which a copy was sent.")]


@app.command("list")
def list_(
    queue: Queue = None,
    reason: Reason = None,
    site: Site = None,
    replayed: WithReplayed = False,
    offset: Annotated[int, typer.Option("--offset", help="Leave out so many.")] = 0,
    limit: Annotated[int, typer.Option("--limit", help="At most so many.")] = 50,
    as_json: AsJson = False,
) -> None:
    """List dead letters, queue by queue, the oldest first."""
    current = ready_runtime()
    wanted = DeadLetterFilter(queue, reason, site, with_replayed=replayed)
    letters, has_more = dead_letters.list_letters(current, wanted, offset=offset, limit=limit)
    if as_json:
        listed = [_document(current, letter, with_body=False) for letter in letters]
        output.print_json({"deadLetters": listed, "offset": offset, "hasMore": has_more})
        return
    output.table(
        f"Dead letters{' (there are more)' if has_more else ''}",
        ("Id", "Queue", "Type", "Reason", "Site", "Period", "Request", "Age", "Replayed (UTC)"),
        [
            (
                letter.dead_letter_id,
                short_name(letter.source),
                letter.subject,
                letter.reason,
                letter.site_id,
                letter.period,
                letter.request_id,
                output.age(_age_s(current, letter)),
                letter.replayed_at,
            )
            for letter in letters
        ],
        right=("Age",),
    )


@app.command()
def show(dead_letter_id: Annotated[str, typer.Argument(metavar="ID")], as_json: AsJson = False) -> None:
    """Show one dead letter with its body."""
    current = ready_runtime()
    letter = dead_letters.find_letter(current, dead_letter_id)
    document = _document(current, letter, with_body=True)
    if as_json:
        output.print_json(document)
        return
    body = document.pop("body")
    output.table(f"Dead letter {dead_letter_id}", ("Field", "Value"), list(document.items()))
    output.out.print(body, soft_wrap=True)


@app.command()
def replay(
    ids: Ids = None,
    everything: Annotated[bool, typer.Option("--all", help="All that the other options name.")] = False,
    queue: Queue = None,
    reason: Reason = None,
    site: Site = None,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Send a copy of dead letters, of each once."""
    if bool(ids) is everything:
        raise typer.BadParameter("Name ids, or --all (with --reason, --queue or --site), one of the two")
    if ids and (queue or reason or site):
        raise typer.BadParameter("--queue, --reason and --site go with --all")
    current = ready_runtime()
    chosen: Iterable[str] = ids or ()
    if everything:
        letters = dead_letters.every_letter(current, DeadLetterFilter(queue, reason, site))
        _ask(yes, "Send a copy of every dead letter that these options name?")
        chosen = (letter.dead_letter_id for letter in letters)
    report = dead_letters.replay(current, chosen, operator())
    if as_json:
        output.print_json({"replayed": report.replayed, "refused": _refusals(report.refused)})
    else:
        for one in report.replayed:
            output.out.print(f"{one.dead_letter_id} replayed as {one.message_id}")
        output.out.print(f"Replayed: {len(report.replayed):,}")
    _end(report.refused, as_json=as_json)


@app.command()
def export(
    file: Annotated[Path, typer.Argument(help="Where to; an existing file is replaced.")],
    queue: Queue = None,
    reason: Reason = None,
    site: Site = None,
    replayed: WithReplayed = False,
    as_json: AsJson = False,
) -> None:
    """Write dead letters with their bodies to a file, one JSON document a line."""
    current = ready_runtime()
    letters = dead_letters.every_letter(current, DeadLetterFilter(queue, reason, site, with_replayed=replayed))
    count = 0
    with whole_file(file) as lines:
        for letter in letters:
            document = output.plain(_document(current, letter, with_body=True))
            lines.write(json.dumps(document, ensure_ascii=False) + "\n")
            count += 1
    if as_json:
        output.print_json({"file": str(file), "deadLetters": count})
    else:
        output.out.print(f"{count:,} dead letters in {file}")


@app.command()
def purge(
    ids: Ids = None,
    older_than: Annotated[
        int | None, typer.Option("--older-than", min=1, max=36_500, metavar="DAYS", help="All so old.")
    ] = None,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Remove dead letters for good."""
    if bool(ids) is (older_than is not None):
        raise typer.BadParameter("Name ids, or --older-than DAYS, one of the two")
    current = ready_runtime()
    _ask(yes, f"Remove {'these' if ids else f'all dead letters older than {older_than} days'} for good?")
    if older_than is not None:
        report = dead_letters.purge_old(current, timedelta(days=older_than), operator())
    else:
        report = dead_letters.purge(current, ids or [], operator())
    if as_json:
        output.print_json({"purged": report.purged, "refused": _refusals(report.refused)})
    else:
        output.out.print(f"Purged: {len(report.purged):,}")
    _end(report.refused, as_json=as_json)


def _ask(yes: bool, question: str) -> None:
    if not yes:
        typer.confirm(question, abort=True, err=True)


def _document(current: Runtime, letter: DeadLetter, *, with_body: bool) -> dict[str, Any]:
    document: dict[str, Any] = output.plain(letter)
    left_out = {"properties"} if with_body else {"properties", "body"}
    age_s = _age_s(current, letter)
    return {**{name: value for name, value in document.items() if name not in left_out}, "ageS": age_s}


def _age_s(current: Runtime, letter: DeadLetter) -> int:
    return max(0, int((current.clock.now() - letter.since).total_seconds()))


def _refusals(refused: dict[str, str]) -> list[dict[str, str]]:
    return [{"deadLetterId": name, "reason": reason} for name, reason in refused.items()]


def _end(refused: dict[str, str], *, as_json: bool) -> None:
    """End with 1 where something was refused, with the reasons."""
    if not as_json:
        for name, reason in refused.items():
            output.complain(reason, name)
    if refused:
        raise typer.Exit(FAILED)
