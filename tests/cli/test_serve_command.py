"""`townepark serve` as a service manager sees it: it starts, says where, and ends well when it is told to."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

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
