"""`townepark serve` as a service manager sees it: it starts, says where, and ends well when it is told to."""

import json
import logging
import os
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from cli.commands.serve import is_news
from shared_code.services import observed
from tests.support.operational import empty_database

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows sends no such signal to a process")
def test_a_service_manager_ends_the_host_as_ctrl_c_does(tmp_path: Path) -> None:
    (tmp_path / "forecasting.db").write_bytes(empty_database())
    kept = {name: value for name, value in os.environ.items() if name in {"PATH", "HOME"}}
    with subprocess.Popen(
        [sys.executable, "-m", "cli.main", "serve", "--port", "0", "--json"],
        cwd=tmp_path,
        env={**kept, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as host:
        assert host.stdout
        served = "".join(iter(host.stdout.readline, "}\n")) + "}"
        assert httpx.get(json.loads(served)["docsUrl"]).status_code == 200

        host.send_signal(signal.SIGTERM)
        _, errors = host.communicate(timeout=20)

    assert host.returncode == 0
    records = [json.loads(line) for line in errors.splitlines()]
    assert [record["message"] for record in records if record["level"] in {"warning", "error"}] == []


@pytest.mark.parametrize(
    ("place", "level", "is_shown"),
    [
        (observed.MESSAGE, logging.INFO, False),
        (observed.MESSAGE, logging.WARNING, True),
        (observed.TIMER, logging.INFO, True),
    ],
)
def test_of_messages_people_see_those_that_failed(place: str, level: int, is_shown: bool) -> None:
    record = logging.LogRecord(observed.__name__, level, "", 0, "%s %s", (place, "forecasting.pl.refresh"), None)
    assert is_news(record) is is_shown


def test_what_others_say_is_shown() -> None:
    assert is_news(logging.LogRecord("shared_code.sql", logging.INFO, "", 0, "started", None, None))
