"""Which classes are predicted as which, and how well each is recognised."""

import pandas as pd

from carvis.figures import confusion_matrix, figure_bytes
from carvis.language import _, n_
from carvis.report.blocks import (
    Badge,
    Block,
    Column,
    Groups,
    Heading,
    Image,
    Paragraph,
    Row,
    Section,
    Table,
    columns_table,
    percent,
    split_name,
)
from carvis.report.context import Context

_IMAGES, _PAIRS, _CLASSES = 3, 10, 30
# A table of so many columns, one fewer where names are longer than this, leaves room for another beside it.
_NARROW, _WIDE = 5, 24


def confusion(context: Context) -> Section:
    """Return the section on the classes that the best model confuses."""
    best = context.evaluations[context.best]
    blocks: list[Block] = [_classes(context)]
    most_confused = _most_confused(context)
    if most_confused.empty:
        blocks.append(Paragraph(_("No model makes an error.")))
    else:
        blocks.append(_confused(context, most_confused))
        first = most_confused.iloc[0]
        caption = _("Confusion matrix of {model}").format(model=context.best)
        alt = _("{caption}. Most frequent: {label} predicted as {predicted}.").format(
            caption=caption, label=first["label"], predicted=first["predicted"]
        )
        blocks.append(Image(figure_bytes(confusion_matrix(best.confusion)), alt, caption))
        if groups := _pairs(context):
            blocks += [Heading(_("Images of the most frequent confusions of {model}").format(model=context.best))]
            blocks.append(Groups(tuple(groups)))
    method_notes = (
        _(
            "Confusion matrix: rows are labels, columns predictions; numbers of images. Recall: the share of a class's "
            "images that are predicted as it."
        ),
    )
    return Section("confusion", _("Errors"), _("Which classes are confused?"), tuple(blocks), method_notes)


def _classes(context: Context) -> Table:
    """The recall of each class by each model, the lowest of the best model first."""
    best = context.evaluations[context.best].per_class
    # A class without images has no recall to be low.
    order = best[best["support"] > 0].sort_values("recall", kind="stable").index
    caption = _("Recall of each class, the lowest of {model} first").format(model=context.best)
    if len(order) > _CLASSES:
        caption = _("Recall of the {n} classes, of {all}, with the lowest of {model}").format(
            n=_CLASSES, all=f"{len(order):,}", model=context.best
        )
        order = order[:_CLASSES]
    columns: list[Column] = [(_("class"), order)]
    if context.health is not None and len(context.health.splits) > 1:
        for split, counts in context.health.counts.items():
            columns.append(
                (split_name(str(split)), counts.reindex(order).map(lambda n: "–" if n != n else f"{n:,.0f}"))
            )
    else:
        columns.append((_("images"), best.loc[order, "support"].map("{:,.0f}".format)))
    for name in context.ranked:
        recall = context.evaluations[name].per_class["recall"].reindex(order)
        columns.append((context.keys[name], recall.map(lambda share: percent(share, 0))))
    narrow = len(columns) <= _NARROW - (max(map(len, order), default=0) > _WIDE)
    return columns_table(columns, caption, beside=2 if narrow and len(order) > 6 else 1)


def _most_confused(context: Context) -> pd.DataFrame:
    """The pairs that the best model confuses most often; where it makes no error, those of the next."""
    for name in context.ranked:
        pairs = context.evaluations[name].most_confused(_PAIRS)
        if len(pairs):
            return pairs
    return pd.DataFrame()


def _confused(context: Context, pairs: pd.DataFrame) -> Table:
    columns: list[Column] = [(_("label"), pairs["label"]), (_("predicted"), pairs["predicted"])]
    for name in context.ranked:
        confused = context.evaluations[name].confusion
        counts = [confused.get(pair["predicted"], {}).get(pair["label"], 0) for pair in pairs.to_dict("records")]
        columns.append((context.keys[name], [f"{int(n):,}" for n in counts]))
    return columns_table(columns, _("Most frequent confusions, in numbers of images"), texts=2)


def _pairs(context: Context) -> list[Row]:
    """Images of the best model's most confused pairs, the most confident first."""
    evaluation = context.evaluations[context.best]
    wrong = evaluation.misclassified()
    rows = []
    for pair in evaluation.most_confused(context.settings.pairs).to_dict("records"):
        of_pair = wrong[(wrong["label"] == pair["label"]) & (wrong["predicted"] == pair["predicted"])]
        images = []
        for prediction in of_pair.head(_IMAGES).to_dict("records"):
            if data := context.thumbnail(prediction["id"]):
                badge = Badge(f"{prediction['confidence']:.0%}", "bad")
                alt = _("{image}: label {label}, predicted {predicted}").format(
                    image=prediction["id"], label=pair["label"], predicted=pair["predicted"]
                )
                name = prediction["id"].rpartition("/")[2]
                images.append(Image(data, alt, "", name, (badge,), "jpeg"))
        if images:
            title = n_("{label} → {predicted}: {n} image", "{label} → {predicted}: {n} images", int(pair["count"]))
            title = title.format(label=pair["label"], predicted=pair["predicted"], n=f"{pair['count']:,}")
            rows.append(Row(tuple(images), title, across=6))
    return rows
