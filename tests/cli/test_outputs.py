"""What a verb may overwrite."""

import pytest

from carvis.cli.outputs import check_outputs
from carvis.errors import CarvisError


def test_existing_files_are_replaced_only_when_asked_for(tmp_path):
    old, new = tmp_path / "old.png", tmp_path / "new.png"
    old.touch()
    check_outputs([new], overwrite=False)
    check_outputs([old, new], overwrite=True)
    with pytest.raises(CarvisError, match=r"old\.png already exists: choose another --figure, or use --overwrite"):
        check_outputs([new, old], overwrite=False, option="--figure")


def test_an_input_is_never_overwritten(tmp_path):
    image = tmp_path / "image.png"
    image.touch()
    with pytest.raises(CarvisError, match="is an input file"):
        check_outputs([image], overwrite=True, sources=[tmp_path / "." / "image.png"])


def test_two_results_need_two_files(tmp_path):
    with pytest.raises(CarvisError, match="Two results would be written"):
        check_outputs([tmp_path / "a.png", tmp_path / "a.png"], overwrite=True)
