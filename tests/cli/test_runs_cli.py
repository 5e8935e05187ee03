"""``runs`` on logs of trainings that were not started here."""

import re

from rich.cells import cell_len

from carvis.cli import main


def test_logs_are_compared_and_two_trainings_in_one_are_told(tmp_path, monkeypatch, capsys):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "logs").mkdir()
    text = "epoch,loss,val_accuracy,val_loss\n0,3,0.25,3\n1,2,0.5,2\n0,1,0.75,1\n"
    (tmp_path / "logs" / "mine.csv").write_text(text, encoding="utf-16")
    (tmp_path / "logs" / "bare.json").write_text('{"loss": [2, 1]}')
    monkeypatch.chdir(tmp_path / "elsewhere")
    workspace = ["--workspace", str(tmp_path)]
    assert main(["runs", "compare", "logs/mine.csv", "../logs/bare.json", *workspace]) == 0
    output = capsys.readouterr().out
    assert "logs/mine.csv: This log holds two trainings: the second starts at epoch 3." in output
    assert "75.0%" in output and "../logs/bare.json" in output
    assert main(["runs", "compare", "logs/mine.csv", "--encoding", "ascii", *workspace]) == 2
    assert "not text in ascii" in capsys.readouterr().err
    assert main(["runs", "compare", "gone.csv", *workspace]) == 2
    assert "There is no run gone.csv" in capsys.readouterr().err


def test_what_a_log_lacks_is_a_dash_and_headings_are_of_the_language(tmp_path, capsys):
    (tmp_path / "log.csv").write_text("epoch,loss\n0,3\n1,2\n")
    (tmp_path / "ログ.csv").write_text("epoch,loss,val_accuracy,val_loss\n0,3,0.5,1\n")
    files = [str(tmp_path / name) for name in ("log.csv", "ログ.csv")]
    assert main(["runs", "compare", *files, "--workspace", str(tmp_path), "--language", "ja"]) == 0
    heading, bare, whole = capsys.readouterr().out.splitlines()
    assert "nan" not in bare + whole and not re.search("[a-z]{3}", heading)
    # Each column ends at the same cell.
    assert len({cell_len(line) for line in (heading, bare, whole)}) == 1
    assert cell_len(whole[: whole.index("50.0%") + 5]) == cell_len(heading[: heading.index("検証正解率") + 5])
