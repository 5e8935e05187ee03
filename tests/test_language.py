"""The library's own words in English and Japanese."""

import copy
import json
import pickle
import threading
from pathlib import Path

import numpy as np
import pytest

from carvis.errors import CarvisError
from carvis.evaluation.comparison import left_out_words
from carvis.language import Message, _, as_data, from_data, languages, localised, speaking
from tests.translations import check_complete, unfilled

CARVIS = Path(__file__).parents[1] / "carvis"


def test_japanese_is_complete_and_holds_nothing_stale():
    assert languages() == ["en", "ja"]
    assert check_complete(CARVIS, "ja") > 60


def test_a_language_holds_within_its_block_and_its_thread():
    assert _("Heatmaps") == "Heatmaps"
    heard = []
    with speaking("ja"):
        assert _("Heatmaps") == "ヒートマップ" and left_out_words({"copies": 2}) != left_out_words_in_english()
        # Another person's report, made at the same time, has its own language.
        other = threading.Thread(target=lambda: heard.append(_("Heatmaps")))
        other.start()
        other.join()
    assert heard == ["Heatmaps"] and _("Heatmaps") == "Heatmaps"


def left_out_words_in_english():
    with speaking("en"):
        return left_out_words({"copies": 2})


def test_a_language_that_is_not_there_is_told():
    with pytest.raises(CarvisError, match="xx is no language that carvis speaks: choose one of en, ja"), speaking("xx"):
        pass


def test_a_message_is_english_until_it_is_shown():
    inner = Message("Heatmaps")
    error = CarvisError(Message("{what}: {name}", what=inner, name="{braces}"))
    assert str(error) == "Heatmaps: {braces}" == localised(error)
    counted = Message.of_number("{n} picture", "{n} pictures", 2)
    assert counted == "2 pictures" and Message.of_number("{n} picture", "{n} pictures", 1) == "1 picture"
    for again in (pickle.loads(pickle.dumps(error)), copy.deepcopy(error), error):
        with speaking("ja"):
            assert localised(again) == "ヒートマップ: {braces}"
    assert localised("as it is") == "as it is" and localised(3) == 3


def test_every_placeholder_is_filled_where_the_text_stands():
    assert not unfilled(CARVIS)


def test_a_message_of_a_file_is_filled_in_only_if_carvis_has_its_template():
    told = Message("{names} and {n} more", names="a, b", n=np.int64(3))
    data = json.loads(json.dumps(as_data(told)))
    assert from_data(data) == told and from_data("plain") == "plain"
    with speaking("ja"):
        assert localised(from_data(data)) == "a, b ほか 3 個"
    # Of another version's sentence the English text is there; what is not known is never filled in.
    crafted = "{names.__class__:>99999999999}"
    for other in ({"template": crafted}, {"plural": crafted, "n": 2}, {"values": {"n": 3}}, {"values": None}):
        assert from_data(data | other) == "a, b and 3 more"
    assert from_data({key: value for key, value in data.items() if key != "text"} | {"template": crafted}) == crafted


def test_a_message_that_counts_comes_back_from_a_file():
    told = Message.of_number("{n} image could not be read and was not counted.",
                             "{n} images could not be read and were not counted.", 2)  # fmt: skip
    again = from_data(json.loads(json.dumps(as_data(told))))
    assert again == told == "2 images could not be read and were not counted."
    with speaking("ja"):
        assert localised(again) == localised(told) != told
