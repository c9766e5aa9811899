"""A file that a command writes: whole, or as it was before."""

import os
import stat
from pathlib import Path

import pytest

from shared_code.errors import InvalidInputError
from shared_code.services.whole_file import whole_file


def write(file: Path, text: str) -> None:
    with whole_file(file) as stream:
        stream.write(text)


def test_a_file_is_replaced_when_all_of_it_is_written(tmp_path: Path) -> None:
    file = tmp_path / "rates.csv"
    file.write_text("before")
    with whole_file(file) as stream:
        stream.write("größer\r\n")
        assert file.read_text() == "before"
    assert file.read_bytes() == "größer\r\n".encode()
    assert list(tmp_path.iterdir()) == [file]


def test_what_fails_half_way_leaves_the_file_as_it_was_and_nothing_beside_it(tmp_path: Path) -> None:
    file = tmp_path / "rates.csv"
    file.write_text("before")
    with pytest.raises(ValueError, match="half way"), whole_file(file) as stream:  # noqa: PT012 - both are the case
        stream.write("after")
        raise ValueError("half way")
    assert file.read_text() == "before"
    assert list(tmp_path.iterdir()) == [file]


def test_a_link_stays_a_link_to_what_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "real.csv").write_text("before")
    link = tmp_path / "link.csv"
    link.symlink_to("real.csv")
    write(link, "after")
    assert link.is_symlink()
    assert (tmp_path / "real.csv").read_text() == "after"


def test_a_device_does_not_give_way_to_a_file(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(InvalidInputError, match="is no file that could be replaced"):
        write(pipe, "after")
    assert stat.S_ISFIFO(pipe.stat().st_mode)


@pytest.mark.parametrize("name", [".", "folder", "folder/"])
def test_a_folder_is_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    (tmp_path / "folder").mkdir()
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InvalidInputError, match="is no file that could be replaced"):
        write(Path(name), "after")


@pytest.mark.parametrize("name", ["no/such/folder/x.csv", "file/x.csv", "x" * 300])
def test_what_the_disk_refuses_is_said_with_its_reason(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").write_text("before")
    with pytest.raises(InvalidInputError, match=r"cannot be written: [A-Z]"):
        write(tmp_path / name, "after")
    assert (tmp_path / "file").read_text() == "before"
