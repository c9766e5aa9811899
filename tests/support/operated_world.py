"""An installation in which every alert is raised and a letter lies dead for every reason; and its operator."""

import json
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Final

import httpx
import pytest
from sqlalchemy import Table, insert
from typer.main import get_command
from typer.testing import CliRunner

import cli.arguments
import cli.commands.doctor
import cli.commands.schema
from cli import main
from shared_code.dead_letter_reasons import PoisonReason, QueueReason
from shared_code.domain.contract import Contract, ContractType, FeeRow
from shared_code.domain.site_scope import SiteScope
from shared_code.messaging.message import PL_REFRESH
from shared_code.services.dead_letters import DeadLetterFilter, every_letter
from shared_code.services.runtime import Runtime
from shared_code.settings import Settings
from shared_code.sql.types import new_identifier, timestamp_text
from shared_code.storage import leases
from shared_code.storage.contract_writing import add_contracts
from shared_code.storage.contracts import StoredContract
from shared_code.storage.schema import require_current
from shared_code.storage.tables.messages import poison_messages, queue_messages
from tests.support.alert_world import AlertWorld
from tests.support.example_rows import example_row
from tests.support.message_world import body_of
from tests.support.operating_page import Section, words
from tests.support.operational import NOON

SITE: Final = "0046"
USUAL_REASON: Final = PoisonReason.UNKNOWN_SITE
"""Of what reason the letters are that an operator picks where the page names none."""

NOBODY_LISTENS: Final = "http://127.0.0.1:1/hook"
"""A webhook that takes no notice."""

CSVS: Final = {
    "MASTER_NON_FINANCIAL": f"SITE,SITE_NAME\n{SITE},Harbor Hotel\n",
    "vwPAYROLL_SUMMARY": (
        f"WORK_LOCATION,TITLE,DATE,PAY_TYPE,TOTAL_HOURS,TOTAL_DOLLARS\n{SITE},VALET,2025-06-08,Regular,34.84,630.33\n"
    ),
}
_OUTPUT: Final = re.compile(r"(\w+)=\$\((.*)\)")
_REQUEST: Final = re.compile(r'curl -s \$API(/\S+)( -H "Authorization: Bearer \$TOKEN")?')


class OperatedWorld(AlertWorld):
    """Noon on 10 June 2025, after a day and a half in which nothing went well."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.runtime.close()
        settings = Settings(
            environment_name="local",
            db_primary_connection=f"sqlite:///{folder / 'forecasting.db'}",
            edw_sample_path=folder / "warehouse.db",
            alert_targets=NOBODY_LISTENS,
        )
        self.runtime = Runtime(settings, self.clock)

    def goes_wrong(self) -> None:
        """Loaded 31 hours ago and never again; queue and outbox stand still; letters for every reason."""
        self.clock.moment = NOON - timedelta(hours=31)
        for table, rows in CSVS.items():
            Path("rows.csv").write_text(rows, encoding="utf-8")
            assert invoke("warehouse", "import", table, "rows.csv").exit_code == 0
        assert invoke("extract", "--feed", "sites").exit_code == 0
        self._agrees()
        self.clock.moment = NOON - timedelta(minutes=20)
        self.was_due("sync_job_code_rates", 9)
        self.ran("sites", "failed", hours_ago=3, error_code="SOURCE_TIMEOUT")
        self.ran("sites", "failed", hours_ago=1, minutes=9, error_code="SOURCE_PERMISSION")
        self._dies()
        self.queued(0)
        self.wrote(0)
        for reason in (*PoisonReason, USUAL_REASON, USUAL_REASON):
            self._sets_aside(reason)
        for buried in QueueReason:
            self._buries(buried)
        self.flc(SITE, "2025-06", "50000", "100000")
        self.entered("flc_variance", f"{SITE} 2025-06", {})
        self.evaluate()
        self.evaluate(timedelta(minutes=5))
        self.clock.moment = NOON
        measured = {"requests": 100, "errors": 50, "measuredAt": timestamp_text(NOON)}
        self.entered("api_errors", "instance 1", measured)

    def _agrees(self) -> None:
        fee = Contract(frozenset({ContractType.FIXED_FEE}), NOON.date(), fees=(FeeRow(Decimal(20_000), NOON.date()),))
        contract = StoredContract(new_identifier(), SITE, fee, None)
        with self.runtime.database.writing() as connection:
            add_contracts(connection, SiteScope.all_sites(), [contract], "test", self.clock.now())

    def _dies(self) -> None:
        """A process that read a feed is gone: its run is open, and its lease is still counted."""
        self.ran("ledger", "running", hours_ago=0.1)
        with self.runtime.database.writing() as connection:
            leases.acquire(connection, "feed:ledger", new_identifier(), self.clock.now(), 300)

    def _sets_aside(self, reason: PoisonReason) -> None:
        body = json.dumps(body_of(siteId=SITE, period="2025"))
        row = {"reason_code": reason.value, "body": "no JSON" if reason is PoisonReason.INVALID_BODY else body}
        replayed = {"replayed_at": None, "replayed_by": None}
        self._puts(poison_messages, {**row, **replayed, "stored_at": self.clock.now()})

    def _buries(self, reason: QueueReason) -> None:
        given = None if reason is QueueReason.UNKNOWN else reason.value
        row = {"body": json.dumps(body_of(siteId=SITE, period="2025")), "enqueued_at": self.clock.now()}
        self._puts(queue_messages, {**row, "is_dead_letter": True, "dead_letter_reason": given, "properties": "{}"})

    def _puts(self, table: Table, values: Mapping[str, object]) -> None:
        row = {**example_row(table), "destination": PL_REFRESH, "message_id": new_identifier(), **values}
        with self.runtime.database.writing() as connection:
            connection.execute(insert(table), [row])

    def letters(self, reason: str | None = None) -> list[str]:
        """The ids of the dead letters that are left."""
        return [letter.dead_letter_id for letter in every_letter(self.runtime, DeadLetterFilter(reason=reason))]

    def is_operated_on(self, patch: pytest.MonkeyPatch, folder: Path) -> None:
        """Let the commands of this process work on this installation, in its folder."""
        patch.chdir(folder)
        # Neither the command line nor the schema changes meanwhile: they are put together, and looked at, once.
        patch.setattr("typer.testing._get_command", cache(get_command))
        patch.setattr(cli.arguments, "require_current", cache(require_current))
        patch.setattr(cli.arguments, "runtime", lambda: self.runtime)
        for module in (cli.commands.schema, cli.commands.doctor):
            patch.setattr(module, "runtime", lambda: self.runtime)


@dataclass(frozen=True, slots=True)
class Done:
    """A command line of the page, how it ended and what it printed."""

    section: Section
    line: str
    exit_code: int
    output: str


@dataclass(frozen=True, slots=True)
class _Ended:
    exit_code: int
    output: str


def invoke(*arguments: str) -> _Ended:
    """A command of `townepark` in this process."""
    done = CliRunner().invoke(main.app, arguments)
    return _Ended(done.exit_code, f"{done.output}{done.exception!r}" if done.exit_code else done.stdout)


class Operator:
    """Does what the page says, line by line, with what it says stands for the words in capitals."""

    def __init__(self, world: OperatedWorld, host: str) -> None:
        self._world = world
        self._host = host
        self._shell: dict[str, str] = {}

    def follow(self, sections: Sequence[Section]) -> list[Done]:
        """Every command line of these sections, in order."""
        return [self._do(section, line) for section in sections for line in section.commands]

    def _do(self, section: Section, line: str) -> Done:
        if captured := _OUTPUT.fullmatch(line):
            ended = self._run(section, captured[2])
            self._shell[captured[1]] = ended.output.strip()
        elif request := _REQUEST.fullmatch(line):
            ended = self._ask(request[1], with_token=bool(request[2]))
        elif line.startswith("API=http://localhost:7071"):
            ended = _Ended(0, self._host)
            self._shell["API"] = self._host + line.removeprefix("API=http://localhost:7071")
        else:
            ended = self._run(section, line)
        return Done(section, line, ended.exit_code, ended.output)

    def _ask(self, path: str, *, with_token: bool) -> _Ended:
        headers = {"Authorization": f"Bearer {self._shell['TOKEN']}"} if with_token else {}
        answer = httpx.get(self._shell["API"] + path, headers=headers, timeout=30)
        return _Ended(0 if answer.is_success else answer.status_code, answer.text)

    def _run(self, section: Section, line: str) -> _Ended:
        program, *arguments = words(line)
        if program == "townepark":
            return invoke(*[self._meant(section, argument) for argument in arguments])
        assert program == "python", f"The page has a command line of {program}"
        done = subprocess.run([sys.executable, *arguments], capture_output=True, text=True, timeout=60, check=False)
        return _Ended(done.returncode, done.stdout + done.stderr)

    def _meant(self, section: Section, word: str) -> str:
        match word:
            case "FEED":
                return "sites"
            case "RUN":
                runs = json.loads(invoke("runs", "--feed", "sites", "--json").output)["runs"]
                return str(runs[0]["syncRunId"])
            case "ID":
                is_reason = section.chapter == "Dead letters by reason"
                [*_, newest] = self._world.letters(section.code if is_reason else USUAL_REASON)
                return newest
            case _:
                return {"SITE": SITE, "PERIOD": "2025-06", "YEAR": "2025"}.get(word, word)
