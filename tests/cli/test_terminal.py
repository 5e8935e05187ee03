"""Names from files that would steer a terminal."""

import sys

import numpy as np
import pytest

from carvis.cli import main
from carvis.cli.terminal import new_console, printable, steady_output
from carvis.images import write_image


@pytest.mark.parametrize(
    "text, shown",
    [
        ("a\x1b[2Jb", r"a\x1b[2Jb"),
        ("\x9b2J", r"\x9b2J"),
        ("a\u202egpj.exe", r"a\u202egpj.exe"),
        ("\x1b]0;title\x07", r"\x1b]0;title\x07"),
        ("車種\tGolf\n", "車種\tGolf\n"),
    ],
)
def test_what_steers_a_terminal_is_written_out(text, shown):
    assert printable(text) == shown


@pytest.mark.skipif(sys.platform == "win32", reason="such names are not possible")
def test_names_of_a_data_set_do_not_steer_the_terminal(tmp_path, capsys):
    for split in ("train", "test"):
        for label in ("\x1b]0;owned\x07", "[/b]"):
            (tmp_path / "data" / split / label).mkdir(parents=True)
            values = np.random.default_rng(len(label)).integers(0, 255, (16, 16, 3), dtype=np.uint8)
            write_image(tmp_path / "data" / split / label / "1.png", values)
    assert main(["check", str(tmp_path / "data"), "--workspace", str(tmp_path)]) == 0
    assert main(["check", str(tmp_path / "\x1b[2J"), "--workspace", str(tmp_path)]) == 2
    captured = capsys.readouterr()
    assert r"\x1b]0;owned\x07" in captured.out and r"\x1b[2J" in captured.err
    assert "\x1b" not in captured.out + captured.err and "[/b]" in captured.out


def test_cells_and_titles_of_tables_neither(capsys):
    from rich.table import Table

    with steady_output():
        table = Table(title="\x1b[2Jtitle")
        table.add_column("name")
        table.add_row("[/b]\x1b[31m")
        new_console().print(table)
        new_console().print("\x1b[2J")
        print("\x1b[1A")
    output = capsys.readouterr().out
    assert "\x1b" not in output and r"[/b]\x1b[31m" in output and r"\x1b[2Jtitle" in output
