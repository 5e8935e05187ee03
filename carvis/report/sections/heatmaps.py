"""Where each model looks, side by side, on the pictures that tell the models apart."""

from pathlib import Path

import numpy as np
import pandas as pd

from carvis.errors import CarvisError
from carvis.images import encode_image, overlay, read_image, resize
from carvis.language import N_, _
from carvis.report.blocks import Badge, Kind, Picture, Row, Section, Words
from carvis.report.context import Context
from carvis.workspace import Cache

_SIDE = 224
_VERDICTS: dict[str, tuple[str, Kind]] = {
    "better": (N_("map tested: better than chance"), "good"),
    "not-better": (N_("map tested: no better than chance"), "bad"),
    "no-evidence": (N_("no evidence to test"), "plain"),
}


def heatmaps(context: Context) -> Section | None:
    """One row a picture: the picture, then each model's overlay with what it answered and what its map is worth."""
    chosen = choose(context, context.pictures)
    if chosen.empty or context.data is None or not context.files:
        return None
    from carvis.explain import heatmaps as maps_of
    from carvis.explain import scale_maps

    rows, facts = [], {}
    for picture in chosen.to_dict("records"):
        place = context.picture(picture["id"])
        if place is None:
            context.problems.append(f"{picture['id']} is not in {context.data.root}: it was left out.")
            continue
        try:
            image = read_image(place)
        except CarvisError as error:
            context.problems.append(str(error))
            continue
        context.tell(f"heatmaps of {picture['id']}")
        small = _small(image)
        shown = [Picture(encode_image(small, quality=88), picture["id"], picture["label"], type="jpeg")]
        for name, clf in context.classifiers.items():
            [found] = maps_of(clf, [place], context.method)
            facts[name] = _("{model}: {method} on the {score} at {layer}, {preprocessing}").format(
                model=name,
                method=found.method,
                score=found.score_kind,
                layer=found.layer,
                preprocessing=found.input_words,
            )
            [values] = scale_maps([found], "map")
            right = found.predicted_name == picture["label"]
            answer = Badge(f"{'✓' if right else '✗'} {found.predicted_name} {found.confidence:.0%}", _tone(right))
            badges = (answer, *_worth(context, clf, place, found))
            alt = _("Where {model} looks, which answers {answer} ({confidence})").format(
                model=name, answer=found.predicted_name, confidence=f"{found.confidence:.0%}"
            )
            drawn = encode_image(overlay(small, values, 0.5), quality=88)
            shown.append(Picture(drawn, alt, name, badges, "jpeg"))
        rows.append(Row(tuple(shown), f"{picture['id']} · {picture['why']}"))
    if not rows:
        return None
    lead = Words(_("Each map is divided by its own maximum, so strengths of different models cannot be read off."))
    made = (
        *facts.values(),
        _("Maps explain each model's own answer; blank where a map is no evidence."),
        _(
            "A tested map was held against random maps and a blob in the middle: the picture is erased and restored in"
            " each one's order (deletion and insertion, Petsiuk et al. 2018)."
        ),
    )
    return Section("heatmaps", _("Heatmaps"), _("Where does each model look?"), (lead, *rows), made)


def _worth(context: Context, clf, image: str | Path, heatmap) -> list[Badge]:
    """What a map is worth: no evidence, or what its test said, where it was tested or is to be."""
    if heatmap.status != "ok":
        return [Badge(_("no evidence: {status}").format(status=heatmap.status))]
    from carvis.explain import faithfulness
    from carvis.explain.trials import faithfulness_key, kept_faithfulness

    cache = Cache(context.cache_dir / "faithfulness") if context.cache_dir else None
    test = kept_faithfulness(cache, faithfulness_key(clf, image, heatmap))
    if test is None and context.measure:
        context.tell(f"testing the map of {clf.name}")
        [test] = faithfulness(clf, [image], [heatmap], cache=cache)
    if test is None or test.verdict not in _VERDICTS:
        return []
    words, tone = _VERDICTS[test.verdict]
    return [Badge(_(words), tone)]


def choose(context: Context, n: int) -> pd.DataFrame:
    """Pick the pictures that tell most: id, label, why.

    Half of them one model alone gets right, by the confidence of those that are wrong; the others are the best model's
    most confident mistakes, as far as there are any.
    """
    found = []
    wrong = context.evaluations[context.best].misclassified()
    comparison = context.comparison
    if comparison is not None:
        right = comparison.joined.right
        confidence = np.stack([comparison.confidence(name) for name in comparison.names], axis=1)
        alone = np.flatnonzero(right.sum(axis=1) == 1)
        surest = np.where(right[alone], -1.0, confidence[alone]).max(axis=1) if len(alone) else np.zeros(0)
        table = comparison.joined.table
        for row in alone[np.argsort(-surest, kind="stable")][: n - min(n // 2, len(wrong))]:
            name = comparison.names[int(right[row].argmax())]
            found.append(
                (table["id"].iloc[row], table["label"].iloc[row], _("only {model} is right").format(model=name))
            )
    taken = {sample for sample, *_rest in found}
    for answer in wrong.to_dict("records"):
        if len(found) >= n:
            break
        if answer["id"] not in taken:
            found.append(
                (answer["id"], answer["label"], _("a confident mistake of {model}").format(model=context.best))
            )
    return pd.DataFrame(found, columns=["id", "label", "why"])


def _small(image: np.ndarray) -> np.ndarray:
    scale = _SIDE / max(image.shape[:2])
    return resize(image, tuple(max(1, round(side * scale)) for side in image.shape[:2]), "area")


def _tone(right: bool) -> str:
    return "good" if right else "bad"
