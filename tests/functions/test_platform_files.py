"""host.json, the sample of local settings and the package's contents agree with the app."""

import json
from datetime import timedelta
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pytest

from cli.host.functions import RegisteredFunction, index, route_prefix
from shared_code.settings import Settings
from shared_code.timetable import CHORES, JOBS
from tests.support.function_app import fresh_function_app

ROOT = Path(__file__).resolve().parents[2]
DEPLOYED = {"function_app.py", "functions", "shared_code", "host.json", "requirements.txt"}
PLATFORM_KEYS = {"FUNCTIONS_WORKER_RUNTIME", "PYTHON_THREADPOOL_THREAD_COUNT", "AzureWebJobsStorage"}


def read(name: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((ROOT / name).read_text(encoding="utf-8"))
    return content


@pytest.fixture
def functions(monkeypatch: pytest.MonkeyPatch) -> tuple[RegisteredFunction, ...]:
    return index(fresh_function_app(monkeypatch))


@pytest.fixture
def sample() -> dict[str, str]:
    values: dict[str, str] = read("local.settings.sample.json")["Values"]
    return values


def span(text: str) -> timedelta:
    hours, minutes, seconds = map(int, text.split(":"))
    return timedelta(hours=hours, minutes=minutes, seconds=seconds)


def test_paths_have_no_prefix_because_the_catch_all_route_would_not_start_with_one() -> None:
    assert read("host.json")["extensions"]["http"] == {"routePrefix": ""}
    assert route_prefix(ROOT / "host.json") == ""


def test_the_extension_bundle_is_the_one_that_knows_service_bus() -> None:
    assert read("host.json")["version"] == "2.0"
    assert read("host.json")["extensionBundle"] == {
        "id": "Microsoft.Azure.Functions.ExtensionBundle",
        "version": "[4.*, 5.0.0)",
    }


def test_the_limits_of_service_bus_are_flat_and_nothing_is_prefetched() -> None:
    assert read("host.json")["extensions"]["serviceBus"] == {
        "maxConcurrentCalls": 16,
        "maxConcurrentSessions": 8,
        "prefetchCount": 0,
        "maxAutoLockRenewalDuration": "00:05:00",
    }


def test_a_lease_ends_with_the_lock_of_its_message_and_both_before_the_functions_time_is_up() -> None:
    host = read("host.json")
    lease = timedelta(seconds=Settings.model_fields["lease_ttl_s"].default)
    lock = span(host["extensions"]["serviceBus"]["maxAutoLockRenewalDuration"])
    assert lease == lock < span(host["functionTimeout"])


def test_every_setting_of_the_sample_is_one_that_the_app_or_the_platform_reads(
    sample: dict[str, str], functions: tuple[RegisteredFunction, ...]
) -> None:
    known = {name.upper() for name in Settings.model_fields} | PLATFORM_KEYS
    known |= {f"SCHEDULE_{timer.upper()}" for timer in (*JOBS, *CHORES)}
    known |= {function.trigger["connection"] for function in functions if function.kind == "queue"}
    known |= {f"AzureWebJobs.{function.name}.Disabled" for function in functions}
    assert set(sample) <= known


def test_the_sample_is_accepted_by_the_settings(sample: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in sample.items():
        monkeypatch.setenv(name, value)
    assert Settings().environment_name == "local"
    assert Settings().is_embedded


def test_every_binding_finds_its_connection_in_the_sample_or_is_switched_off_there(
    sample: dict[str, str], functions: tuple[RegisteredFunction, ...]
) -> None:
    for function in functions:
        if function.kind == "queue":
            assert function.trigger["connection"] in sample
            switched_off = sample.get(f"AzureWebJobs.{function.name}.Disabled") == "true"
            assert bool(sample[function.trigger["connection"]]) is not switched_off
        if function.kind == "timer":
            assert sample["AzureWebJobsStorage"]


def test_the_sample_holds_no_secret(sample: dict[str, str]) -> None:
    assert not any(word in name for name in sample for word in ("PASSWORD", "SECRET"))
    assert not sample["SERVICEBUS"]


def test_the_sample_caps_the_platforms_thousand_threads(sample: dict[str, str]) -> None:
    assert 1 <= int(sample["PYTHON_THREADPOOL_THREAD_COUNT"]) <= 32


def is_ignored(name: str) -> bool:
    lines = (ROOT / ".funcignore").read_text(encoding="utf-8").splitlines()
    patterns = [line.rstrip("/") for line in lines if line and not line.startswith("#")]
    return any(fnmatch(name, pattern) for pattern in patterns)


def test_the_package_holds_the_app_and_its_dependencies() -> None:
    assert not any(map(is_ignored, {*DEPLOYED, ".python_packages"}))
    assert all((ROOT / name).exists() for name in DEPLOYED)


@pytest.mark.parametrize(
    "name",
    ["tests", "cli", "docs", "web", "infra", "bench", ".venv", ".git", "forecasting.db", "warehouse.db-wal",
     "local.settings.json", "pyproject.toml", "requirements-dev.txt", "README.md", "Makefile", "__pycache__"],
)  # fmt: skip
def test_the_package_leaves_out(name: str) -> None:
    assert is_ignored(name)


def test_whatever_else_lies_at_the_top_is_left_out_of_the_package() -> None:
    visible = {path.name for path in ROOT.iterdir() if not path.name.startswith(".")}
    assert {name for name in visible - DEPLOYED if not is_ignored(name)} == set()
