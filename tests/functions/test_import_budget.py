"""Import time is part of the product: what indexing must not load."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
HEAVY = ("alembic", "azure.identity", "azure.servicebus", "cachetools", "cryptography", "fastapi", "httpx", "jwt",
         "limits", "openpyxl", "opentelemetry", "pydantic", "pydantic_settings", "pyodbc", "redis", "reportlab",
         "sqlalchemy", "starlette", "uvicorn")  # fmt: skip


@pytest.fixture(scope="module")
def loaded() -> set[str]:
    """The modules that a new process has loaded after `import function_app`."""
    script = "import json, sys, function_app; print(json.dumps(sorted(sys.modules)))"
    run = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, check=True, capture_output=True, text=True, timeout=60
    )
    return set(json.loads(run.stdout))


@pytest.mark.parametrize("module", HEAVY)
def test_importing_the_app_does_not_load(module: str, loaded: set[str]) -> None:
    assert module not in loaded


def test_importing_the_app_loads_no_service_and_no_setting(loaded: set[str]) -> None:
    assert {"function_app", "functions.api", "functions.schedules", "functions.messages"} <= loaded
    assert "shared_code.settings" not in loaded
    assert not {name for name in loaded if name.startswith("shared_code.services.")}
