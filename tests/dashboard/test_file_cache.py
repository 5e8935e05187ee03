"""What was read, or refused, is not read again."""

import pytest

from carvis.errors import TableError


def test_a_file_that_is_refused_is_read_once():
    from ui.state.file_cache import read_once

    read = []

    @read_once(max_entries=4)
    def length(content: bytes) -> int:
        read.append(content)
        if not content:
            raise TableError("it is empty.")
        return len(content)

    for _again in range(3):
        assert length(b"abc") == 3
        with pytest.raises(TableError, match="it is empty"):
            length(b"")
    assert read == [b"abc", b""]


def _raised(cause: BaseException | None) -> TableError:
    try:
        raise TableError("it cannot be read.") from cause
    except TableError as error:
        return error


def test_an_error_that_may_be_gone_the_next_moment_is_met_anew():
    from ui.state.file_cache import holds, read_once

    assert holds(_raised(None)) and holds(_raised(ValueError("damaged")))
    # h5py's own, of a file that was cut off, has no number of the system's.
    assert holds(_raised(OSError("truncated file")))
    for cause in (PermissionError(13, "no"), OSError(24, "too many open files"), MemoryError()):
        assert not holds(_raised(cause)) and not holds(cause)
    assert not holds(ValueError("nobody foresaw it"))
    read = []

    @read_once(max_entries=4)
    def once_locked(name: str) -> str:
        read.append(name)
        if len(read) == 1:
            raise _raised(PermissionError(13, "no"))
        return name

    with pytest.raises(TableError):
        once_locked("a")
    assert once_locked("a") == once_locked("a") == "a" and len(read) == 2
