"""The library's own words in English and Japanese."""

import copy
import json
import pickle
import subprocess
import sys
import threading

import numpy as np
import pytest

from carvis.errors import CarvisError
from carvis.evaluation.alignment import left_out_messages
from carvis.language import Message, _, as_data, from_data, language_name, languages, localised, n_, p_, speaking


def test_languages_are_named_in_themselves():
    names = {code: language_name(code) for code in languages()}
    assert (names["en"], names["ja"]) == ("English", "日本語") and len(set(names.values())) == len(names)
    # Not the header of the catalogue.
    with speaking("ja"):
        assert _("") == ""


def test_plural_forms_follow_the_rule_of_the_language():
    texts = "{n} image could not be read.", "{n} images could not be read."
    assert [n_(*texts, n) for n in (0, 1, np.int64(2))] == [texts[1], texts[0], texts[1]]
    with speaking("ja"):
        assert n_("{n} and more", "{n} and more", 1) == n_("{n} and more", "{n} and more", 2)
        assert p_("data split", "training") == "訓練" and _("training") == "学習"


def test_reading_the_catalogue_needs_no_babel():
    script = """
import sys
sys.modules["babel"] = None
from carvis.language import Message, as_data, from_data, speaking
message = from_data(as_data(Message("Heatmaps")))
with speaking("ja"):
    assert message.localised() != message
"""
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0


def test_a_language_holds_within_its_block_and_its_thread():
    assert _("Heatmaps") == "Heatmaps"
    heard = []
    with speaking("ja"):
        [message] = left_out_messages({"copies": 2})
        assert _("Heatmaps") == "ヒートマップ" and message.localised() != str(message)
        # Another person's report, made at the same time, has its own language.
        other = threading.Thread(target=lambda: heard.append(_("Heatmaps")))
        other.start()
        other.join()
    assert heard == ["Heatmaps"] and _("Heatmaps") == "Heatmaps"


def test_an_unknown_language_is_an_error():
    choices = ", ".join(languages())
    with pytest.raises(CarvisError, match=f"no translation for xx: choose one of {choices}"), speaking("xx"):
        pass


def test_the_values_of_a_message_can_be_marked_up():
    inner = Message("{n} of {name}", n=3, name="a_b")
    message = Message("{what}: {other}", what=inner, other="c_d").with_values(lambda name, value: f"<{name} {value}>")
    assert message == "<n 3> of <name a_b>: <other c_d>" and message.template == "{what}: {other}"


def test_a_message_is_english_until_it_is_shown():
    inner = Message("Heatmaps")
    error = CarvisError(Message("{what}: {name}", what=inner, name="{braces}"))
    assert str(error) == "Heatmaps: {braces}" == localised(error)
    counted = Message.of_number("{n} image", "{n} images", 2)
    assert counted == "2 images" and Message.of_number("{n} image", "{n} images", 1) == "1 image"
    for restored in (pickle.loads(pickle.dumps(error)), copy.deepcopy(error), error):
        with speaking("ja"):
            assert localised(restored) == "ヒートマップ: {braces}"
    assert localised("as it is") == "as it is" and localised(3) == 3


def test_a_message_of_a_file_is_filled_in_only_if_carvis_has_its_template():
    message = Message("{names} and {n} more", names="a, b", n=np.int64(3))
    data = json.loads(json.dumps(as_data(message)))
    assert from_data(data) == message and from_data("plain") == "plain"
    with speaking("ja"):
        assert localised(from_data(data)) == "a, b ほか 3 個"
    # Of another version's sentence the English text is there; what is not known is never filled in.
    crafted = "{names.__class__:>99999999999}"
    for other in ({"template": crafted}, {"plural": crafted, "n": 2}, {"values": {"n": 3}}, {"values": None}):
        assert from_data(data | other) == "a, b and 3 more"
    assert from_data({key: value for key, value in data.items() if key != "text"} | {"template": crafted}) == crafted


def test_a_message_that_counts_comes_back_from_a_file():
    message = Message.of_number("{n} image could not be read and was not counted.",
                             "{n} images could not be read and were not counted.", 2)  # fmt: skip
    restored = from_data(json.loads(json.dumps(as_data(message))))
    assert restored == message == "2 images could not be read and were not counted."
    with speaking("ja"):
        assert localised(restored) == localised(message) != message


def test_messages_of_a_file_do_not_grow_without_limit():
    data = as_data(Message("{id} goes on: `python -m carvis runs follow {id}` shows how.", id="run"))
    for _level in range(40):
        data = data | {"values": {"id": data}}
    assert len(from_data(data)) < 100_000
    # A number that is none would fail only where the message is shown.
    counted = as_data(Message.of_number("{n} image could not be read and was not counted.",
                                        "{n} images could not be read and were not counted.", 2))  # fmt: skip
    with speaking("ja"):
        assert localised(from_data(counted | {"n": "2"})) == counted["text"]
