"""Ctrl-C while many images are written: the finished ones appear, each whole, and nothing else."""

import pytest

from carvis.cli.model_inputs import written_whole
from carvis.errors import CarvisError


def _write(stop_at: str):
    def write(item: str, folder):
        (folder / f"{item}.one").write_text(item)
        if item == stop_at:
            raise KeyboardInterrupt
        if item == "bad":
            raise CarvisError("bad.jpg is damaged: replace it.")
        (folder / f"{item}.two").write_text(item)

    return write


def test_what_was_finished_stays(tmp_path, capsys):
    out = tmp_path / "out"
    out.mkdir()
    (out / "own.txt").write_text("a person's")
    with pytest.raises(KeyboardInterrupt), written_whole(out) as (staged, write_each):
        done = write_each(["a", "bad", "b", "c", "d"], _write("c"))
        (staged / "table.csv").write_text(",".join(done))
    assert sorted(path.name for path in out.iterdir()) == ["a.one", "a.two", "b.one", "b.two", "own.txt", "table.csv"]
    assert (out / "table.csv").read_text() == "a,b" and "bad.jpg is damaged" in capsys.readouterr().err


def test_where_none_could_be_written_nothing_appears(tmp_path):
    out = tmp_path / "out"
    with pytest.raises(CarvisError, match="damaged"), written_whole(out) as (_staged, write_each):
        write_each(["bad"], _write(""))
    assert not out.exists() and list(tmp_path.iterdir()) == []
