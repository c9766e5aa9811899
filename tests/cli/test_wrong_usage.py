"""Options that no command can mean: refused before anything is opened, with what is accepted."""

import pytest
from typer.testing import CliRunner

from cli.main import app


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["serve", "--port", "99999"], "65535"),
        (["serve", "--port", "-1"], "0"),
        (["serve", "--host", ""], "127.0.0.1"),
        (["serve", "--host", " "], "127.0.0.1"),
        (["pnl", "refresh", "--year", "99999"], "2099"),
        (["pnl", "refresh", "--year", "0"], "2000"),
        (["extract", "--as-of", "[/x]"], "2025-04-15"),
        (["extract", "--as-of", "2025-4-1"], "2025-04-15"),
        (["extract", "--as-of", "2025-02-30"], "2025-04-15"),
        (["extract", "--as-of", ""], "2025-04-15"),
        (["outbox", "resend", "--hours", "0"], "1"),
        (["dlq", "purge", "--older-than", "99999999999", "--yes"], "36500"),
    ],
)
def test_wrong_usage_names_what_is_accepted(arguments: list[str], reason: str) -> None:
    ended = CliRunner().invoke(app, arguments)
    assert ended.exit_code == 2
    assert reason in ended.stderr
