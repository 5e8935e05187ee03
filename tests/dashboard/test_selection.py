"""The codec between the URL and the selection."""

import pytest

from ui.state import selection
from ui.state.selection import DEFAULT, Selection, changed, decode, encode


def test_a_selection_survives_the_url():
    full = Selection(
        lang="ja",
        data="車 と写真",
        split="valid",
        model=("own", "fine/tune"),
        sample=("test/Golf/car 1.jpg", "test/クラウン/1.jpg"),
        true="a&b=c",
        pred="#?%",
        table="data/incorrect/df2.csv",
        low=10,
        high=90,
        sort="true",
        page=7,
        open="test/Golf/car 1.jpg",
        explain="class:Golf",
        layer=("own:conv2d_3",),
        view="both",
        strength=0,
        colours="tutorial",
        scale="density",
        score="probability",
    )
    assert decode(encode(full)) == (full, [])
    assert all(isinstance(value, str) for values in encode(full).values() for value in values)


def test_what_is_as_at_the_start_stays_out_of_the_url():
    assert encode(DEFAULT) == {}
    assert encode(Selection(page=2)) == {"page": ["2"]}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("split", "../../etc"),
        ("sort", "drop table"),
        ("page", "0"),
        ("page", "nan"),
        ("page", "1e999"),
        ("page", "one"),
        ("strength", "-1"),
        ("view", "<script>"),
        ("data", "a\x00b"),
        ("open", "x" * 5000),
        ("sample", "a\nb"),
    ],
)
def test_a_value_that_makes_no_sense_is_refused_by_name(name, text):
    assert decode({name: [text], "true": ["Golf"]}) == (Selection(true="Golf"), [name])


def test_unknown_parameters_are_ignored_and_lists_bounded():
    many = [f"m{i}" for i in range(1000)]
    read, refused = decode({"utm": ["x"], "model": [*many, *many]})
    assert not refused and len(read.model) == 60


def test_a_new_data_set_forgets_the_pictures_of_the_old_one():
    old = Selection(
        data="a", split="test", sample=("test/x/1.jpg",), true="x", page=3, open="test/x/1.jpg", model=("m",)
    )
    assert changed(old, data="b") == Selection(data="b", model=("m",))


def test_naming_what_the_page_had_chosen_keeps_the_rest():
    old = Selection(true="x", page=3)
    assert changed(old, data="a", split="test", sample=("test/x/1.jpg",)) == Selection(
        true="x", page=3, data="a", split="test", sample=("test/x/1.jpg",)
    )


def test_a_filter_goes_back_to_the_first_page():
    assert changed(Selection(page=3, open="x"), true="Golf") == Selection(true="Golf")


def test_every_choice_and_range_names_a_field_whose_start_fits():
    for name, values in selection.CHOICES.items():
        assert getattr(DEFAULT, name) in ("", *values)
