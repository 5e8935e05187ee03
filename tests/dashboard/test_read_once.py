"""What was read, or refused, is not read again."""

import pytest

from carvis.errors import TableError


def test_a_file_that_is_refused_is_read_once():
    from ui.read_once import read_once

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
