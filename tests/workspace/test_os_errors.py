import errno
import os
from pathlib import Path

import pytest

from carvis.errors import CarvisError, FileKindError
from carvis.language import Message, localised, speaking
from carvis.workspace import atomic_write, open_regular, os_reason, os_remedy, os_sentence

CASES = {
    errno.ENAMETOOLONG: ("longer than the file system takes", "choose a shorter name"),
    errno.ELOOP: ("symbolic links lead to each other", "remove the links"),
    errno.ENOSPC: ("no room left on the disk", "free some space"),
    errno.EROFS: ("can only be read", "another disk"),
    errno.EACCES: ("not permitted", "permissions"),
    errno.EMFILE: ("too many files are open", "close other programs"),
    errno.EISDIR: ("a folder, not a file", "name a file"),
    errno.ENOTDIR: ("a file, not a folder", "check the path"),
    errno.ENOENT: ("does not exist", "check the path"),
    errno.EIO: ("the disk reports a fault", "check the disk"),
    errno.EBUSY: ("another program uses it", "close what else uses it"),
}


@pytest.mark.parametrize("number", CASES)
def test_each_reason_has_its_own_remedy(number):
    error = OSError(number, os.strerror(number), "/some/file")
    reason, remedy = CASES[number]
    assert reason in os_reason(error) and remedy in os_remedy(error)
    assert os_sentence(error).startswith("/some/file cannot be used (") and os.strerror(number) not in os_sentence(
        error
    )
    with speaking("ja"):
        assert localised(os_reason(error)) != os_reason(error) and localised(os_remedy(error)) != os_remedy(error)


@pytest.mark.parametrize("name", ["ENETUNREACH", "EHOSTUNREACH", "ESTALE", "ETIMEDOUT", "EDQUOT"])
def test_network_drives_and_quotas_are_named(name):
    if not hasattr(errno, name):
        pytest.skip(f"this system has no {name}")
    reason = os_reason(OSError(getattr(errno, name), "x"))
    assert "network" in reason or "share of the disk" in reason


def test_what_is_not_known_is_said_as_the_system_says_it(tmp_path):
    assert os_reason(OSError(9999, "strange")) == "strange"
    assert os_reason(OSError("only words")) == "only words"
    assert os_sentence(OSError("only words")).startswith("A file cannot be used (only words)")
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(FileKindError) as caught:
        open_regular(tmp_path / "pipe")
    assert os_reason(caught.value) == "a pipe" and os_remedy(caught.value) == "name an ordinary file"
    assert isinstance(os_reason(caught.value), Message)


def test_the_folder_of_a_temporary_file_is_named_and_a_long_path_is_shortened():
    sentence = os_sentence(OSError(errno.EROFS, "x", "/data/.made-1234.npz"))
    assert sentence.startswith("/data cannot be used (")
    assert len(os_sentence(OSError(errno.ENAMETOOLONG, "x", "/data/" + "車" * 300))) < 400


@pytest.mark.parametrize("name", ["n" * 300, "車" * 100, "車" * 90 + ".json"])
def test_a_name_that_is_too_long_asks_for_a_shorter_one_and_not_for_room(tmp_path, name):
    with pytest.raises(CarvisError, match=r"longer than the file system takes\): choose a shorter name"):
        atomic_write(tmp_path / name, "x")
    assert not any(Path(tmp_path).iterdir())


@pytest.mark.parametrize("name", ["n" * 250 + ".json", "車" * 83 + ".json"])
def test_a_name_as_long_as_may_be_is_written(tmp_path, name):
    assert atomic_write(tmp_path / name, "x").read_text() == "x"
