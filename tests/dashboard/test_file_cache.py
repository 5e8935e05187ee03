"""What was read, or refused, is not read again."""

import os

import pytest

from carvis.errors import TableError


def test_a_file_that_is_refused_is_read_once():
    from ui.state.file_cache import read_once

    contents = []

    @read_once(max_entries=4)
    def length(content: bytes) -> int:
        contents.append(content)
        if not content:
            raise TableError("it is empty.")
        return len(content)

    for _attempt in range(3):
        assert length(b"abc") == 3
        with pytest.raises(TableError, match="it is empty"):
            length(b"")
    assert contents == [b"abc", b""]


def _raised(cause: BaseException | None) -> TableError:
    try:
        raise TableError("it cannot be read.") from cause
    except TableError as error:
        return error


def test_an_error_that_may_be_gone_the_next_moment_is_met_anew():
    from ui.state.file_cache import is_permanent, read_once

    assert is_permanent(_raised(None)) and is_permanent(_raised(ValueError("damaged")))
    # h5py's own, of a file that was cut off, has no number of the system's.
    assert is_permanent(_raised(OSError("truncated file")))
    for cause in (PermissionError(13, "no"), OSError(24, "too many open files"), MemoryError()):
        assert not is_permanent(_raised(cause)) and not is_permanent(cause)
    assert not is_permanent(ValueError("nobody foresaw it"))
    contents = []

    @read_once(max_entries=4)
    def locked_once(name: str) -> str:
        contents.append(name)
        if len(contents) == 1:
            raise _raised(PermissionError(13, "no"))
        return name

    with pytest.raises(TableError):
        locked_once("a")
    assert locked_once("a") == locked_once("a") == "a" and len(contents) == 2


def test_a_file_replaced_below_a_folder_changes_the_folders_times(tmp_path):
    from ui.state.workspace import times_below

    mask = tmp_path / "masks" / "test" / "one.png"
    mask.parent.mkdir(parents=True)
    mask.write_bytes(b"1")
    before, folder = times_below(tmp_path / "masks"), (tmp_path / "masks").stat().st_mtime_ns
    os.utime(mask, (1, 1))
    assert times_below(tmp_path / "masks") != before and (tmp_path / "masks").stat().st_mtime_ns == folder
