"""`make pins`: the requirements, pinned from pyproject.toml for every Python that the product runs on. Needs uv."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HEAD = '# Pinned from pyproject.toml for Python 3.11 to 3.13; "make pins" writes it anew.\n'


def pinned(*arguments: str) -> str:
    """The requirements of pyproject.toml with everything below them, a line each."""
    command = [sys.executable, "-m", "uv", "pip", "compile", "--quiet", "--universal", "--python-version", "3.11"]
    options = ["--no-header", "--no-annotate", "--no-emit-index-url", *arguments, "pyproject.toml"]
    return subprocess.run([*command, *options], cwd=ROOT, check=True, capture_output=True, text=True).stdout


def main() -> None:
    """Write requirements.txt and requirements-dev.txt."""
    deployed = pinned()
    (ROOT / "requirements.txt").write_text(
        f"{HEAD}# Everything that the deployed app imports, and nothing else.\n{deployed}", encoding="utf-8"
    )
    names = set(deployed.splitlines())
    others = [line for line in pinned("--extra", "local", "--extra", "dev").splitlines() if line not in names]
    (ROOT / "requirements-dev.txt").write_text(
        f"{HEAD}# The command line, the local host, tests and checks; requirements.txt comes first.\n"
        "-r requirements.txt\n" + "\n".join(others) + "\n",
        encoding="utf-8",
    )


if __name__ == "__main__":
    main()
