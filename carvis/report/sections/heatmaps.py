"""Where each model looks, side by side, on the images that tell the models apart."""

from itertools import zip_longest
from pathlib import Path

import numpy as np
import pandas as pd

from carvis.errors import CarvisError
from carvis.explain.faithfulness_metrics.verdict import VERDICT_NAMES
from carvis.explain.scale import SCALE_SENTENCES
from carvis.explain.score import SCORE_NAMES
from carvis.images import encode_image, fitted, overlay, read_image
from carvis.language import N_, _, localised
from carvis.report.blocks import Badge, Heading, Kind, Picture, Row, Section, Words
from carvis.report.context import Context
from carvis.workspace import Cache

_SIDE = 224
_TONES: dict[str, Kind] = {"better": "good", "not-better": "bad", "no-evidence": "plain"}
_TESTED_HOW = N_(
    "A tested heatmap was held against random ones and a blob in the middle: the image is erased and restored in "
    "each one's order (deletion and insertion, Petsiuk et al. 2018)."
)


def heatmaps(context: Context) -> Section | None:
    """One row an image: the image, then each model's overlay with its prediction and what its heatmap is worth."""
    chosen = choose(context, context.pictures)
    if chosen.empty or context.data is None or not context.files:
        return None
    rows, made, notes = [], {}, {}
    for why, samples in chosen.groupby("why", sort=False):
        of_one = [_row(context, sample, made, notes) for sample in samples.to_dict("records")]
        of_one = [row for row in of_one if row is not None]
        rows += [Heading(why), *of_one] if of_one else []
    if not rows:
        return None
    lead = localised(SCALE_SENTENCES["map"])
    blocks = [Words(lead, True), *(Words(note, True) for note in notes), *rows]
    how = (
        *made,
        _("Heatmaps explain each model's own prediction; they are blank where they hold no evidence."),
        *([_TESTED_HOW] if any("test" in kinds for kinds in made.values()) else ()),
    )
    return Section("heatmaps", _("Heatmaps"), _("Where does each model look?"), tuple(blocks), tuple(map(_, how)))


def _row(context: Context, sample: dict, made: dict[str, set], notes: dict[str, None]) -> Row | None:
    from carvis.explain import heatmaps as maps_of
    from carvis.explain import scale_maps

    place = context.picture(sample["id"])
    if place is None:
        words = _("{image} is not in the data set {data}: it is skipped.")
        context.problems.append(words.format(image=sample["id"], data=context.data.name))
        return None
    try:
        image = read_image(place)
    except CarvisError as error:
        context.problems.append(localised(error))
        return None
    context.tell(_("heatmaps of {image}").format(image=sample["id"]))
    small = _small(image)
    alt, name = _("The image itself, label {label}"), sample["id"].rpartition("/")[2]
    alt = alt.format(label=sample["label"])
    shown = [Picture(encode_image(small, quality=86), alt, sample["label"], name, type="jpeg")]
    for name, clf in context.classifiers.items():
        try:
            [found] = maps_of(clf, [place], context.method)
        except CarvisError as error:
            context.problems.append(f"{name}: {localised(error)}")
            continue
        words = _("{model}: {method} on the {score} at {layer}, preprocessing {preprocessing}").format(
            model=name,
            method=found.method,
            score=localised(SCORE_NAMES[found.score_kind]),
            layer=found.layer,
            preprocessing=found.input_words,
        )
        kinds = made.setdefault(words, set())
        why_blank = () if found.status == "ok" else (found.message,)
        notes.update(dict.fromkeys(f"{name}: {localised(note)}" for note in (*found.notes, *why_blank)))
        [values] = scale_maps([found], "map")
        right = found.predicted_name == sample["label"]
        answer = Badge(f"{'✓' if right else '✗'} {found.predicted_name} {found.confidence:.0%}", _tone(right))
        worth = _worth(context, clf, place, found)
        kinds.update("test" for badge in worth if found.status == "ok")
        alt = _("Where {model} looks, which predicts {predicted} ({confidence})").format(
            model=name, predicted=found.predicted_name, confidence=f"{found.confidence:.0%}"
        )
        drawn = encode_image(overlay(small, values, 0.5), quality=86)
        shown.append(Picture(drawn, alt, context.keys[name], "", (answer, *worth), "jpeg"))
    return Row(tuple(shown), across=min(max(len(shown), 4), 5))


def _worth(context: Context, clf, image: str | Path, heatmap) -> list[Badge]:
    """What a map is worth: no evidence, or what its test said, where it was tested or is to be."""
    if heatmap.status != "ok":
        return [Badge(_("no evidence"))]
    from carvis.explain import faithfulness
    from carvis.explain.faithfulness_metrics.cache import faithfulness_key, kept_faithfulness

    cache = Cache(context.cache_dir / "faithfulness") if context.cache_dir else None
    test = kept_faithfulness(cache, faithfulness_key(clf, image, heatmap))
    if test is None and context.measure:
        context.tell(_("testing the heatmap of {name}").format(name=clf.name))
        [test] = faithfulness(clf, [image], [heatmap], cache=cache)
    return [] if test is None else [Badge(localised(VERDICT_NAMES[test.verdict]), _TONES[test.verdict])]


def choose(context: Context, n: int) -> pd.DataFrame:
    """Pick the images that tell most: id, label, why.

    Half of them one model alone gets right, the models in turn, by the confidence of those that are wrong; the others
    are the best model's most confident errors, as far as there are any. Where there are none at all, its predictions
    of the lowest confidence.
    """
    found = []
    wrong = context.evaluations[context.best].misclassified()
    comparison = context.comparison
    if comparison is not None:
        right = comparison.joined.right
        confidence = np.stack([comparison.confidence(name) for name in comparison.names], axis=1)
        table = comparison.joined.table
        by_model = []
        for name in context.ranked:
            alone = np.flatnonzero((right.sum(axis=1) == 1) & right[:, comparison.names.index(name)])
            surest = np.where(right[alone], -1.0, confidence[alone]).max(axis=1) if len(alone) else np.zeros(0)
            by_model.append([(row, name) for row in alone[np.argsort(-surest, kind="stable")]])
        # In turn, so that no model takes all the room.
        turns = [one for turn in zip_longest(*by_model) for one in turn if one is not None]
        for row, name in turns[: n - min(n // 2, len(wrong))]:
            why = _("only {model} is right").format(model=name)
            found.append((table["id"].iloc[row], table["label"].iloc[row], why))
    taken = {sample for sample, *_rest in found}
    for answer in wrong.to_dict("records"):
        if len(found) >= n:
            break
        if answer["id"] not in taken:
            found.append((answer["id"], answer["label"], _("confident errors of {model}").format(model=context.best)))
    if not found:
        right = context.evaluations[context.best].predictions.sort_values("confidence", kind="stable").head(n)
        why = _("the predictions of {model} with the lowest confidence").format(model=context.best)
        found = [(row["id"], row["label"], why) for row in right.to_dict("records")]
    return pd.DataFrame(found, columns=["id", "label", "why"])


def _small(image: np.ndarray) -> np.ndarray:
    return fitted(image, _SIDE, enlarge=True)


def _tone(right: bool) -> str:
    return "good" if right else "bad"
