import os
import socket

import pytest

from carvis.errors import CarvisError, FileKindError
from carvis.workspace import open_regular, read_regular

pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows has no pipes, sockets and devices among its files")


def test_ordinary_files_open_through_links(tmp_path):
    (tmp_path / "a").write_bytes(b"abc")
    (tmp_path / "link").symlink_to(tmp_path / "a")
    with open_regular(tmp_path / "link") as file:
        assert file.read() == b"abc"
    assert read_regular(tmp_path / "a", 3) == b"abc"


@pytest.mark.parametrize("kind", ["pipe", "socket", "device"])
def test_what_is_no_ordinary_file_is_named_and_never_waited_for(tmp_path, kind):
    path = tmp_path / kind
    listener = None
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "socket":
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(str(path))
    else:
        path.symlink_to("/dev/zero")
    with pytest.raises(FileKindError, match=f"is a {kind}: name an ordinary file") as caught:
        open_regular(path)
    assert caught.value.strerror == f"a {kind}" and isinstance(caught.value, OSError)
    if listener:
        listener.close()


def test_a_folder_and_a_missing_file_are_told_as_open_tells_them(tmp_path):
    with pytest.raises(IsADirectoryError):
        open_regular(tmp_path)
    with pytest.raises(FileNotFoundError):
        open_regular(tmp_path / "none")


def test_what_is_too_large_is_not_read(tmp_path):
    path = tmp_path / "large"
    with open(path, "wb") as file:
        file.truncate(10**12)
    with pytest.raises(CarvisError, match="larger than 5 MB, so it is not read"):
        read_regular(path, 5_000_000)
    with pytest.raises(CarvisError, match="not read"):
        read_regular("/proc/self/maps", 10)
