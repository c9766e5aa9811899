"""The operator's page as a test reads it: its sections, and the command lines that stand in them."""

import re
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

PAGE: Final = Path(__file__).resolve().parents[2] / "docs" / "operating.md"

_HEADING: Final = re.compile(r"^(##|###) (.+)$")
_FENCE: Final = "```"


@dataclass(frozen=True, slots=True)
class Section:
    """A heading with the text and the command lines below it, and the chapter (`##`) that it stands in."""

    chapter: str
    title: str
    text: str
    commands: tuple[str, ...]

    @property
    def code(self) -> str | None:
        """The rule or reason that the section is about: what stands in code marks at the start of its title."""
        found = re.match(r"`(\w+)`", self.title)
        return found[1] if found else None


def sections() -> list[Section]:
    """The sections of the page, in order."""
    found: list[Section] = []
    chapter, title, lines = "", "", list[str]()
    for line in [*PAGE.read_text(encoding="utf-8").splitlines(), "## "]:
        heading = _HEADING.match(line) or (line == "## ")
        if not heading:
            lines.append(line)
            continue
        found.append(Section(chapter, title, "\n".join(lines), tuple(_commands(lines))))
        if isinstance(heading, re.Match):
            title = heading[2]
            chapter = title if heading[1] == "##" else chapter
        lines = []
    return found


def rows(text: str) -> list[list[str]]:
    """The cells of the tables in `text`, without their headings."""
    lines = [line.strip("| ").split(" | ") for line in text.splitlines() if line.startswith("|")]
    marks = [number for number, cells in enumerate(lines) if set("".join(cells)) <= set("-| ")]
    headings = {number - 1 for number in marks}
    return [[cell.strip() for cell in cells] for n, cells in enumerate(lines) if n not in {*marks, *headings}]


def codes(text: str) -> list[str]:
    """What stands in code marks."""
    return re.findall(r"`([^`]+)`", text)


def words(command: str) -> Sequence[str]:
    """A command line as the shell takes it apart, without its comment."""
    return shlex.split(command, comments=True)


def _commands(lines: Sequence[str]) -> Iterator[str]:
    is_code = False
    for line in lines:
        if line.startswith(_FENCE):
            is_code = not is_code
        elif is_code and line:
            yield line
