"""Where the best model fails more than elsewhere, and which properties of the images give their class away."""

from __future__ import annotations

from carvis.errors import CarvisError
from carvis.images import thumbnail
from carvis.language import N_, _, localised
from carvis.report.blocks import (
    Badge,
    Block,
    Groups,
    Heading,
    Image,
    Paragraph,
    Points,
    Row,
    Section,
    columns_table,
    percent,
)
from carvis.report.context import Context
from carvis.subgroups import Shortcuts, Slices

_IMAGES = 6
_MADE = (
    N_(
        "Slices are proposed on one half of the images and confirmed on the other: Fisher's exact test, corrected for "
        "the number of proposals (Holm), at 5 %. Figures are of the confirming half, intervals Wilson's, 95 %. "
        "Near-duplicates count once."
    ),
    N_(
        "Shortcuts: balanced accuracy of a shallow decision tree on one property, cross-validated; p against permuted "
        "labels, corrected for the number of properties (Holm)."
    ),
)


def slices(context: Context) -> Section | None:
    """None where the data set is not here."""
    found, shortcuts = context.slices, context.shortcuts
    if found is None and shortcuts is None:
        return None
    blocks: list[Block] = []
    if found is not None:
        blocks += _slices(context, found)
    if shortcuts is not None:
        blocks += _shortcuts(shortcuts)
    question = _("On which images does {model} fail, and is that real?").format(model=context.best)
    return Section("slices", _("Slices"), question, tuple(blocks), tuple(map(_, _MADE)))


def _slices(context: Context, found: Slices) -> list[Block]:
    blocks: list[Block] = [Paragraph(f"{context.best}: {localised(found.finding)}")]
    if len(found):
        columns = (
            (_("slice"), [localised(one.images) for one in found.slices]),
            (_("images"), [f"{one.n:,}" for one in found.slices]),
            (_("accuracy"), [percent(one.accuracy, 0) for one in found.slices]),
            (_("95 % CI"), [f"{100 * one.low:.0f} – {one.high:.0%}" for one in found.slices]),
            (_("the rest"), [percent(one.rest, 0) for one in found.slices]),
            ("p", [f"{one.p:.2g}" for one in found.slices]),
        )
        blocks.append(columns_table(columns, _("Slices, measured on the images that took no part in the search")))
        compared = found.compare(context.evaluations) if len(context.evaluations) > 1 else None
        if compared is not None and len(compared):
            blocks.append(Heading(_("The models on these slices")))
            for one in found.slices:
                of_slice = compared.loc[compared["slice"] == one.sentence, "finding"]
                blocks += [Paragraph(f"{localised(one.images)}:"), Points(tuple(map(localised, of_slice)))]
        if groups := [row for place in range(len(found)) if (row := _images(context, found, place))]:
            blocks += [Heading(_("Errors of {model} in each slice").format(model=context.best)), Groups(tuple(groups))]
    notes = (found.power, *([found.needed] if found.needed else []), *found.notes)
    blocks += [Paragraph(localised(note), True) for note in notes]
    return blocks


def _images(context: Context, found: Slices, place: int) -> Row | None:
    """Errors of the best model in a slice, the most confident first."""
    wrong = found.evaluation.misclassified()
    wrong = wrong[wrong["id"].isin(found.ids(place))]
    images = []
    for error in wrong.head(_IMAGES).to_dict("records"):
        file = context.image(error["id"])
        try:
            data = thumbnail(file, 200) if file else None
        except CarvisError:
            data = None
        if data:
            alt = _("{image}: label {label}, predicted {predicted}").format(
                image=error["id"], label=error["label"], predicted=error["predicted"]
            )
            badge = Badge(f"{error['confidence']:.0%}", "bad")
            images.append(Image(data, alt, f"{error['label']} → {error['predicted']}", badges=(badge,), type="jpeg"))
    return Row(tuple(images), localised(found.slices[place].images), across=6) if images else None


def _shortcuts(shortcuts: Shortcuts) -> list[Block]:
    blocks: list[Block] = [Heading(_("Shortcuts")), Paragraph(localised(shortcuts.finding))]
    if len(shortcuts):
        blocks.append(Points(tuple(localised(one.sentence) for one in shortcuts.shortcuts)))
    return blocks
