"""The command line in Japanese: how the language is chosen, and that nothing of it stays English."""

import argparse
import re
import unicodedata

import keras
import pytest

from carvis.cli import VERBS, _parser, _write_all_letters, main
from carvis.cli.argparse_translation import argparse_speaking
from carvis.language import speaking, system_language

JAPANESE = re.compile("[\u3040-\u30ff\u4e00-\u9fff]")
VARIABLES = ("CARVIS_LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG")


@pytest.fixture
def bare(monkeypatch):
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    return monkeypatch


@pytest.mark.parametrize(
    ("environment", "language"),
    [
        ({}, "en"),
        ({"LANG": "ja_JP.UTF-8"}, "ja"),
        ({"LANG": "ja_JP.eucJP", "LC_ALL": "C"}, "en"),
        ({"LANG": "en_US.UTF-8", "LC_MESSAGES": "ja_JP"}, "ja"),
        ({"LANG": "ja_JP.UTF-8", "LC_ALL": ""}, "ja"),
        ({"LANG": "xx_XX.UTF-8"}, "en"),
        ({"LANG": "Japanese_Japan.932"}, "ja"),
        ({"LANG": "ja_JP.UTF-8", "CARVIS_LANGUAGE": "en"}, "en"),
        ({"CARVIS_LANGUAGE": "ja-JP"}, "ja"),
    ],
)
def test_the_language_of_the_system(bare, environment, language):
    for name, value in environment.items():
        bare.setenv(name, value)
    assert system_language() == language


def test_before_and_after_the_verb(bare, capsys):
    for arguments in (
        ["--language", "ja", "summary", "none.keras"],
        ["summary", "none.keras", "--language=ja"],
        ["summary", "--lang", "ja", "none.keras"],
        ["--language", "en", "summary", "none.keras", "--language", "ja"],
    ):
        assert main([*arguments, "--classes", "x", "--encoding", "y", "--preprocessing", "z"][: len(arguments)]) == 2
        with pytest.raises(SystemExit):
            main([*arguments, "--wrong"])
        output = capsys.readouterr().err
        assert "使い方" in output and "認識できない引数です: --wrong" in output
    with pytest.raises(SystemExit):
        main(["summary", "none.keras", "--wrong"])
    assert "unrecognized arguments: --wrong" in capsys.readouterr().err
    bare.setenv("CARVIS_LANGUAGE", "tlh")
    assert main(["summary", "none.keras"]) == 2
    assert "CARVIS_LANGUAGE is tlh" in capsys.readouterr().err
    assert argparse._("usage: ") == "usage: "


@pytest.mark.parametrize("verb", [None, *VERBS])
def test_no_help_stays_english(bare, verb):
    with speaking("ja"), argparse_speaking():
        parser = _parser("ja")
        if verb:
            [actions] = [item for item in parser._actions if isinstance(item, argparse._SubParsersAction)]
            parser = actions.choices[verb]
        for action in parser._actions:
            # An old spelling of an option is accepted and not shown.
            hidden = action.help in (None, argparse.SUPPRESS)
            assert hidden or JAPANESE.search(action.help), action
        for group in parser._action_groups:
            assert JAPANESE.search(group.title or "画"), group.title
        assert JAPANESE.search(parser.description)
        bare.setenv("COLUMNS", "80")
        for line in parser.format_help().splitlines()[1:]:
            assert sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in line) <= 80, line
        assert not re.search("usage|show this|options", parser.format_help())


def test_errors_and_results_are_japanese(bare, tmp_path, capsys):
    L = keras.layers
    model = keras.Sequential([keras.Input((8, 8, 3)), L.Conv2D(2, 3), L.GlobalAveragePooling2D(), L.Dense(2)])
    model.save(tmp_path / "tiny.keras")
    bare.chdir(tmp_path)
    bare.setenv("CARVIS_LANGUAGE", "ja")
    assert main(["summary", "tiny.keras", "--classes", "猫,犬"]) == 0
    output = capsys.readouterr().out
    # No assumption and no fact of the model is told in English.
    assert not re.search("[a-z]+ [a-z]+ [a-z]+", output)
    assert "2 クラス: 猫, 犬" in output and "3 層、パラメータ 62（学習対象 62、凍結 0）" in output
    assert main(["heatmaps", "tiny.keras", "none*.jpg"]) == 2
    assert "none*.jpg に一致するものがありません" in capsys.readouterr().err
    assert main(["runs"]) == 0
    assert "まだ学習がありません" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("encoding", "expected"), [("cp932", "a - b 画 ?"), ("ascii", "a – b 画 🚗"), ("utf-8", "a – b 画 🚗")]
)
def test_what_a_file_lacks_is_written_in_the_nearest_letters(bare, tmp_path, encoding, expected):
    """Python writes files and pipes on Japanese Windows in cp932, on a Western one in what has no kana at all."""
    with open(tmp_path / "out", "w", encoding=encoding) as stream:
        bare.setattr("sys.stdout", stream)
        _write_all_letters("ja")
        print("a – b 画 🚗", end="", file=stream)
    assert (tmp_path / "out").read_text("utf-8" if encoding == "ascii" else encoding) == expected
