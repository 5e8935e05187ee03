"""The codec between the URL and the selection, and what the pages declare of it."""

import importlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from ui.compare.selection import CompareSelection
from ui.confusion.selection import ConfusionSelection
from ui.state import fields
from ui.state.codec import changed, decode, encode
from ui.state.fields import Shared, declared, field

# Links as they were copied, sent and put into notes, and what they choose.
OLD_LINKS: dict[str, dict[str, object]] = {
    "data=demo_cars&split=test&model=demo_fine-tune&model=demo_transfer&lang=ja": {
        "data": "demo_cars", "split": "test", "model": ("demo_fine-tune", "demo_transfer"), "lang": "ja",
    },
    "table=demo_cars/test/demo_transfer&true=Golf&pred=Polo&low=80&high=95&sort=margin&page=2&open=test/Golf/1.jpg": {
        "table": "demo_cars/test/demo_transfer", "true": "Golf", "pred": "Polo", "low": 80, "high": 95,
        "sort": "margin", "page": 2, "open": "test/Golf/1.jpg",
    },
    "look=labels&queue=confirmed&tag=blurred&answers=own:right&answers=other:wrong&family=VW&family=Audi": {
        "look": "labels", "queue": "confirmed", "tag": "blurred", "answers": ("own:right", "other:wrong"),
        "family": ("VW", "Audi"),
    },
    "sample=test/a/1.jpg&sample=test/b/2.jpg&explain=class:Golf&against=true&method=layercam&layer=own:block5_conv3": {
        "sample": ("test/a/1.jpg", "test/b/2.jpg"), "explain": "class:Golf", "against": "true", "method": "layercam",
        "layer": ("own:block5_conv3",),
    },
    "view=both&strength=30&colours=tutorial&scale=density&score=probability": {
        "view": "both", "strength": 30, "colours": "tutorial", "scale": "density", "score": "probability",
    },
    "channel=own:conv2d:5&order=largest&range=layer&columns=8": {
        "channel": ("own:conv2d:5",), "order": "largest", "range": "layer", "columns": "8",
    },
    "parts=masks&part=emblem&measure=needs&cover=no&kind=one-right": {
        "parts": "masks", "part": "emblem", "measure": "needs", "cover": "no", "kind": "one-right",
    },
    "lens=tuning&count=32&size=128&steps=60&start=tutorial&form=regularised&filter=7&one=a&before=b&of=activations": {
        "lens": "tuning", "count": 32, "size": 128, "steps": 60, "start": "tutorial", "form": "regularised",
        "filter": 7, "one": "a", "before": "b", "of": "activations",
    },
    "copies=without&pattern=101&first=a&second=b&change=fixed&risk=10": {
        "copies": "without", "pattern": "101", "first": "a", "second": "b", "change": "fixed", "risk": 10,
    },
    "health=light&pairs=test-train&twins=near&light=blurriest": {
        "health": "light", "pairs": "test-train", "twins": "near", "light": "blurriest",
    },
    "beside=cars/valid/own&cells=row&arrange=super&diagonal=hide&level=super&within=VW&groups=data/g.csv&top=30": {
        "beside": "cars/valid/own", "cells": "row", "arrange": "super", "diagonal": "hide", "level": "super",
        "within": ("VW",), "groups": "data/g.csv", "top": "30",
    },
    "run=one&run=two&smooth=60&axis=log": {"run": ("one", "two"), "smooth": 60, "axis": "log"},
}  # fmt: skip
# A page that came later declares further ones.
OLD = {name for values in OLD_LINKS.values() for name in values}
# What each field set back when all of them were declared in one place.
FIRST_PAGE = {"page", "open"}
RESETS = {
    "data": FIRST_PAGE | {"split", "sample", "true", "pred", "table", "parts", "part", "pattern", "change", "pairs",
                          "beside", "within", "groups", "family", "answers"},
    "split": FIRST_PAGE | {"sample", "table", "pattern", "change", "beside", "answers"},
    "table": FIRST_PAGE | {"true", "pred", "family", "answers"},
    **{name: {"page", "open"} for name in ("true", "pred", "family", "low", "high", "sort", "kind", "look", "answers",
                                           "tag", "queue", "beside", "within")},
    **{name: {"page"} for name in ("health", "pairs", "twins", "light")},
    "page": {"open"},
    "parts": {"part"},
    "model": {"pattern", "first", "second", "change"},
    "pattern": {"change", "page"},
    "change": {"pattern", "page"},
    "first": {"change", "page"},
    "second": {"change", "page"},
    "groups": {"within", "family"},
}  # fmt: skip


def params_of(link: str) -> dict[str, list[str]]:
    from urllib.parse import parse_qs

    return parse_qs(link)


@pytest.mark.parametrize("link", OLD_LINKS)
def test_an_old_link_chooses_what_it_chose(link):
    assert decode(params_of(link)) == (OLD_LINKS[link], [])
    assert encode(OLD_LINKS[link]) == params_of(link)


def test_every_field_of_an_old_link_is_still_there():
    assert declared().keys() >= OLD


def test_what_an_old_field_sets_back():
    resets = {name: OLD & set(declared()[name].resets) for name in OLD}
    assert {name: others for name, others in resets.items() if others} == RESETS


def test_a_selection_survives_the_url():
    full = {
        "lang": "ja",
        "data": "車 と写真",
        "model": ("own", "fine/tune"),
        "sample": ("test/Golf/car 1.jpg", "test/クラウン/1.jpg"),
        "true": "a&b=c",
        "pred": "#?%",
        "open": "test/Golf/car 1.jpg",
        "strength": 0,
    }
    assert decode(encode(full)) == (full, [])
    assert all(isinstance(value, str) for values in encode(full).values() for value in values)


def test_what_is_as_at_the_start_stays_out_of_the_url():
    assert encode({}) == {}
    assert encode({"page": 2, "view": "overlay", "model": ()}) == {"page": ["2"]}


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
        ("method", "magic"),
        ("data", "a\x00b"),
        ("open", "x" * 5000),
        ("sample", "a\nb"),
    ],
)
def test_an_invalid_value_is_refused_by_name(name, text):
    assert decode({name: [text], "true": ["Golf"]}) == ({"true": "Golf"}, [name])


def test_unknown_parameters_are_ignored_and_lists_bounded():
    names = [f"m{i}" for i in range(1000)]
    values, invalid = decode({"utm": ["x"], "model": [*names, *names]})
    assert not invalid and len(values["model"]) == 60


def test_a_new_data_set_forgets_the_images_of_the_old_one():
    old = {"data": "a", "split": "test", "sample": ("test/x/1.jpg",), "true": "x", "page": 3, "model": ("m",)}
    assert changed(old, data="b") == {"data": "b", "model": ("m",)}


def test_naming_what_the_page_had_chosen_keeps_the_rest():
    old = {"true": "x", "page": 3}
    new = {"data": "a", "split": "test", "sample": ("test/x/1.jpg",)}
    assert changed(old, **new) == old | new


def test_a_filter_goes_back_to_the_first_page():
    assert changed({"page": 3, "open": "x"}, true="Golf") == {"true": "Golf"}


def test_every_start_is_allowed():
    for entry in declared().values():
        assert not entry.choices or entry.start in entry.choices
        assert entry.bounds is None or entry.bounds[0] <= entry.start <= entry.bounds[1]


WORDS = {
    "activations.controls": {"ORDER": "order", "RANGE": "range"},
    "attention.classes": {"MEASURES": "measure"},
    "attention.controls": {"COVER": "cover"},
    "attention.disagreement": {"KINDS": "kind"},
    "compare.controls": {"IMAGE_SETS": "copies"},
    "confusion.controls": {
        "CELLS": "cells",
        "CELL_NOTES": "cells",
        "ARRANGE": "arrange",
        "LEVEL": "level",
        "TOP": "top",
    },
    "data_health.controls": {"SECTIONS": "health"},
    "data_health.duplicates": {"TWINS": "twins"},
    "data_health.light": {"LIGHT": "light"},
    "filters.controls": {"LENS": "lens", "FORM": "form", "START": "start", "OF": "of"},
    "heatmaps.controls": {"VIEW": "view", "SCALE": "scale", "SCORE": "score", "SCORE_NOTES": "score"},
    "misclassified.controls": {"VIEWS": "look"},
    "misclassified.filters": {"SORTS": "sort"},
    "misclassified.label_queue": {"QUEUES": "queue"},
    "training.controls": {"AXIS": "axis"},
    "widgets.pickers": {"COLOURS": "colours"},
}


@pytest.mark.parametrize("place", WORDS)
def test_the_page_has_words_for_every_choice_and_no_other(place):
    for name, of in WORDS[place].items():
        assert set(getattr(importlib.import_module(f"ui.{place}"), name)) == set(declared()[of].choices), name


def test_two_pages_cannot_declare_the_same_field(monkeypatch):
    monkeypatch.setattr(fields, "_parts", dict(fields._parts))

    def refused(message: str) -> None:
        with pytest.raises(ValueError, match=message):
            declared()

    from dataclasses import dataclass

    @dataclass(frozen=True)
    class Duplicate(Shared):
        cells: str = ""

    refused("declares cells")

    @dataclass(frozen=True)
    class Dangling(Shared):
        mode: str = field("", resets=("nowhere",))

    refused("nowhere")
    monkeypatch.undo()
    declared.cache_clear()


def test_a_page_sees_what_all_share_and_its_own(monkeypatch):
    import streamlit as st

    from ui.state import selection

    monkeypatch.setattr(st, "session_state", {})
    selection.change(data="a", pattern="10", cells="row")
    assert selection.get() == Shared(data="a")
    assert selection.get(CompareSelection) == CompareSelection(data="a", pattern="10")
    assert selection.get(ConfusionSelection).cells == "row" and selection.get(ConfusionSelection) is selection.get(
        ConfusionSelection
    )
    selection.change(data="b")
    assert selection.values() == {"data": "b", "cells": "row"}


def test_the_fields_of_all_pages_load_no_tensorflow():
    script = "import sys; from ui.state.fields import declared; declared(); sys.exit('tensorflow' in sys.modules)"
    dashboard = Path(__file__).resolve().parents[2] / "dashboard"
    path = os.pathsep.join([str(dashboard), str(dashboard.parent)])
    subprocess.run([sys.executable, "-c", script], check=True, env=os.environ | {"PYTHONPATH": path})
