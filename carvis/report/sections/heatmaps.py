"""Where each model looks, side by side, on the images that tell the models apart."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from carvis.errors import CarvisError
from carvis.evaluation.comparison import pattern_words
from carvis.explain.faithfulness_metrics.verdict import VERDICT_NAMES
from carvis.explain.scale import SCALE_SENTENCES
from carvis.explain.score import SCORE_NAMES
from carvis.images import encode_image, fitted, overlay, read_image
from carvis.language import N_, _, localised
from carvis.report.blocks import Badge, Heading, Image, Kind, Paragraph, Row, Section
from carvis.report.context import Context
from carvis.workspace import Cache

if TYPE_CHECKING:
    from carvis.classifier import Classifier
    from carvis.explain import Heatmap

_SIDE = 224
_TONES: dict[str, Kind] = {"better": "good", "not-better": "bad", "no-evidence": "plain"}
_TEST_NOTE = N_(
    "Tested heatmaps were compared with random maps and a centred blob: the image is deleted and restored in "
    "the order of each (deletion and insertion, Petsiuk et al. 2018)."
)


@dataclass(frozen=True)
class _HeatmapRow:
    """One image with each model's heatmap: how they were made, whether one was tested, and notes on them."""

    row: Row
    method_notes: tuple[str, ...]
    notes: tuple[str, ...]
    tested: bool


def heatmaps(context: Context) -> Section | None:
    """One row an image: the image, then each model's overlay with its prediction and what its heatmap is worth."""
    picked = choose(context, context.settings.images)
    if picked.empty or context.data is None or not context.files:
        return None
    by_reason = {
        str(reason): [
            heatmap_row
            for sample in samples.to_dict("records")
            if (heatmap_row := _heatmap_row(context, sample)) is not None
        ]
        for reason, samples in picked.groupby("why", sort=False)
    }
    heatmap_rows = [heatmap_row for of_reason in by_reason.values() for heatmap_row in of_reason]
    if not heatmap_rows:
        return None
    lead = Paragraph(localised(SCALE_SENTENCES["map"]), True)
    notes = [
        Paragraph(note, True)
        for note in dict.fromkeys(note for heatmap_row in heatmap_rows for note in heatmap_row.notes)
    ]
    rows: list[Heading | Row] = []
    for reason, of_reason in by_reason.items():
        rows += [Heading(reason), *(heatmap_row.row for heatmap_row in of_reason)] if of_reason else []
    method_notes = (
        *dict.fromkeys(note for heatmap_row in heatmap_rows for note in heatmap_row.method_notes),
        _("Heatmaps explain each model's own prediction; blank means no evidence."),
        *([_(_TEST_NOTE)] if any(heatmap_row.tested for heatmap_row in heatmap_rows) else ()),
    )
    return Section("heatmaps", _("Heatmaps"), _("Where does each model look?"), (lead, *notes, *rows), method_notes)


def _heatmap_row(context: Context, sample: Mapping[Any, Any]) -> _HeatmapRow | None:
    from carvis.explain import heatmaps as explain
    from carvis.explain import scale_maps

    place = context.image(sample["id"])
    if place is None:
        sentence = _("{image} is not in the data set {data}: it is skipped.")
        context.problems.append(sentence.format(image=sample["id"], data=context.data_name))
        return None
    try:
        image = read_image(place)
    except CarvisError as error:
        context.problems.append(localised(error))
        return None
    context.log(_("heatmaps of {image}").format(image=sample["id"]))
    small = _small(image)
    alt, name = _("The image, label {label}"), sample["id"].rpartition("/")[2]
    alt = alt.format(label=sample["label"])
    images = [Image(encode_image(small, quality=86), alt, sample["label"], name, type="jpeg")]
    method_notes, notes, tested = [], [], False
    for name, clf in context.classifiers.items():
        try:
            [heatmap] = explain(clf, [place], context.settings.method)
        except CarvisError as error:
            context.problems.append(f"{name}: {localised(error)}")
            continue
        sentence = _("{model}: {method} on the {score} at {layer}, preprocessing {preprocessing}")
        method_notes.append(
            sentence.format(
                model=name,
                method=heatmap.method,
                score=localised(SCORE_NAMES[heatmap.score_kind]),
                layer=heatmap.layer,
                preprocessing=heatmap.input_words,
            )
        )
        blank_message = () if heatmap.status == "ok" else (heatmap.message,)
        notes += [f"{name}: {localised(note)}" for note in (*heatmap.notes, *blank_message)]
        [values] = scale_maps([heatmap], "map")
        right = heatmap.predicted_name == sample["label"]
        prediction = Badge(f"{'✓' if right else '✗'} {heatmap.predicted_name} {heatmap.confidence:.0%}", _tone(right))
        worth = _worth(context, clf, place, heatmap)
        tested |= bool(worth) and heatmap.status == "ok"
        alt = _("Heatmap of {model}; prediction: {predicted} ({confidence})").format(
            model=name, predicted=heatmap.predicted_name, confidence=f"{heatmap.confidence:.0%}"
        )
        blended = encode_image(overlay(small, values, 0.5), quality=86)
        images.append(Image(blended, alt, context.keys[name], "", (prediction, *worth), "jpeg"))
    row = Row(tuple(images), across=min(max(len(images), 4), 5))
    return _HeatmapRow(row, tuple(method_notes), tuple(notes), tested)


def _worth(context: Context, clf: Classifier, image: str | Path, heatmap: Heatmap) -> list[Badge]:
    """What a map is worth: no evidence, or what its test said, where it was tested or is to be."""
    if heatmap.status != "ok":
        return [Badge(_("no evidence"))]
    from carvis.explain import faithfulness
    from carvis.explain.faithfulness_metrics.cache import faithfulness_key, stored_faithfulness

    cache = Cache(context.cache_dir / "faithfulness") if context.cache_dir else None
    test = stored_faithfulness(cache, faithfulness_key(clf, image, heatmap))
    if test is None and context.settings.measure:
        context.log(_("testing the heatmap of {name}").format(name=clf.name))
        [test] = faithfulness(clf, [image], [heatmap], cache=cache)
    if test is None:
        return []
    verdict = _("heatmap tested: {verdict}").format(verdict=localised(VERDICT_NAMES[test.verdict]))
    return [Badge(verdict, _TONES[test.verdict])]


def choose(context: Context, n: int) -> pd.DataFrame:
    """Pick the images that tell most: id, label, why.

    Half of them one model alone gets right, the models in turn, by the confidence of those that are wrong; the others
    are the best model's most confident errors, as far as there are any. Where there are none at all, its predictions
    of the lowest confidence.
    """
    picked = []
    wrong = context.evaluations[context.best].misclassified()
    comparison = context.comparison
    if comparison is not None:
        right = comparison.joined.right
        confidence = np.stack([comparison.confidence(name) for name in comparison.names], axis=1)
        table = comparison.joined.table
        by_model = []
        for name in context.ranked:
            alone = np.flatnonzero((right.sum(axis=1) == 1) & right[:, comparison.names.index(name)])
            of_wrong = np.where(right[alone], -1.0, confidence[alone]).max(axis=1, initial=-1.0)
            by_model.append([(row, name) for row in alone[np.argsort(-of_wrong, kind="stable")]])
        # In turn, so that no model takes all the room.
        turns = [entry for turn in zip_longest(*by_model) for entry in turn if entry is not None]
        for row, name in turns[: n - min(n // 2, len(wrong))]:
            reason = localised(
                pattern_words("".join("01"[entry == name] for entry in comparison.names), comparison.names)
            )
            picked.append((table["id"].iloc[row], table["label"].iloc[row], reason))
    picked_ids = {sample for sample, *_rest in picked}
    for prediction in wrong.to_dict("records"):
        if len(picked) >= n:
            break
        if prediction["id"] not in picked_ids:
            picked.append(
                (prediction["id"], prediction["label"], _("confident errors of {model}").format(model=context.best))
            )
    if not picked:
        lowest = context.evaluations[context.best].predictions.sort_values("confidence", kind="stable").head(n)
        reason = _("the predictions of {model} with the lowest confidence").format(model=context.best)
        picked = [(row["id"], row["label"], reason) for row in lowest.to_dict("records")]
    return pd.DataFrame(picked, columns=["id", "label", "why"])


def _small(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return fitted(image, _SIDE, enlarge=True)


def _tone(right: bool) -> Kind:
    return "good" if right else "bad"
