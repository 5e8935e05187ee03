"""What is taken for what."""

import pandas as pd

from carvis.errors import CarvisError
from carvis.figures import confusion_matrix, figure_bytes
from carvis.images import thumbnail
from carvis.language import _, n_
from carvis.report.blocks import Badge, Picture, Row, Section, Words, percent, table
from carvis.report.context import Context

_PICTURES = 6


def confusion(context: Context) -> Section:
    blocks: list = []
    for name, evaluation in context.evaluations.items():
        worst = evaluation.most_confused(10)
        if worst.empty:
            blocks.append(Words(_("{model} mistakes nothing.").format(model=name)))
            continue
        first = worst.iloc[0]
        words = n_(
            "{model}: {true} is taken for {pred} most often, {n} time.",
            "{model}: {true} is taken for {pred} most often, {n} times.",
            int(first["count"]),
        )
        said = words.format(model=name, true=first["label"], pred=first["predicted"], n=first["count"])
        drawn = confusion_matrix(evaluation.confusion, title=name)
        blocks.append(Picture(figure_bytes(drawn), _("Confusion matrix of {finding}").format(finding=said), said))
        shown = pd.DataFrame(
            {
                _("true"): worst["label"],
                _("taken for"): worst["predicted"],
                _("pictures"): worst["count"].map("{:,}".format),
                _("of the class"): worst["share"].map(lambda share: percent(share, 0)),
            }
        )
        blocks.append(table(shown, _("Most confused pairs of {model}").format(model=name)))
    blocks += _pairs(context)
    made = (_("Rows are true classes, columns answers; counts of pictures."),)
    return Section("confusion", _("Confusion"), _("What is taken for what?"), tuple(blocks), made)


def _pairs(context: Context) -> list[Row]:
    """Pictures of the best model's most confused pairs, the most confident first."""
    evaluation = context.evaluations[context.best]
    wrong = evaluation.misclassified()
    rows = []
    for pair in evaluation.most_confused(context.pairs).to_dict("records"):
        here = wrong[(wrong["label"] == pair["label"]) & (wrong["predicted"] == pair["predicted"])]
        pictures = []
        for answer in here.head(_PICTURES).to_dict("records"):
            place = context.picture(answer["id"])
            try:
                data = thumbnail(place, 160) if place else None
            except CarvisError:
                data = None
            if data:
                badge = Badge(f"{answer['confidence']:.0%}", "bad")
                alt = _("{picture}: {true} taken for {pred}").format(
                    picture=answer["id"], true=pair["label"], pred=pair["predicted"]
                )
                pictures.append(Picture(data, alt, answer["id"].rpartition("/")[2], (badge,), "jpeg"))
        if pictures:
            title = n_(
                "{true} taken for {pred} by {model}: {n} picture",
                "{true} taken for {pred} by {model}: {n} pictures",
                int(pair["count"]),
            )
            named = {"true": pair["label"], "pred": pair["predicted"], "model": context.best, "n": pair["count"]}
            rows.append(Row(tuple(pictures), title.format(**named)))
    return rows
