"""The command line as a person and a program use it: a process with a folder, settings and an exit status."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def townepark(
    folder: Path, *arguments: str, settings: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run the command in `folder`, with the settings of a bare machine and those given."""
    kept = {name: value for name, value in os.environ.items() if name in {"PATH", "HOME", "SYSTEMROOT"}}
    return subprocess.run(
        [sys.executable, "-m", "cli.main", *arguments],
        cwd=folder,
        env={**kept, "PYTHONPATH": str(ROOT), **(settings or {})},
        capture_output=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )
