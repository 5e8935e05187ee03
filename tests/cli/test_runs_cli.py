"""``runs`` on logs of trainings that were not started here."""

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
    said = capsys.readouterr().out
    assert "logs/mine.csv: Two trainings follow each other here: the second begins with epoch 3." in said
    assert "75.0%" in said and "../logs/bare.json" in said
    assert main(["runs", "compare", "logs/mine.csv", "--encoding", "ascii", *workspace]) == 2
    assert "not text in ascii" in capsys.readouterr().err
    assert main(["runs", "compare", "gone.csv", *workspace]) == 2
    assert "There is no run gone.csv" in capsys.readouterr().err
