"""What is taken for what."""

import pandas as pd

from carvis.errors import CarvisError
from carvis.figures import confusion_matrix, figure_bytes
from carvis.images import thumbnail
from carvis.report.blocks import Badge, Picture, Row, Section, Words, percent, table
from carvis.report.context import Context

_PICTURES = 6


def confusion(context: Context) -> Section:
    blocks: list = []
    for name, evaluation in context.evaluations.items():
        worst = evaluation.most_confused(10)
        if worst.empty:
            blocks.append(Words(f"{name} mistakes nothing."))
            continue
        first = worst.iloc[0]
        said = f"{name}: {first['label']} is taken for {first['predicted']} most often, {first['count']} times."
        drawn = confusion_matrix(evaluation.confusion, title=name)
        blocks.append(Picture(figure_bytes(drawn), f"Confusion matrix of {said}", said))
        shown = pd.DataFrame(
            {
                "true": worst["label"],
                "taken for": worst["predicted"],
                "pictures": worst["count"].map("{:,}".format),
                "of the class": worst["share"].map(lambda share: percent(share, 0)),
            }
        )
        blocks.append(table(shown, f"Most confused pairs of {name}"))
    blocks += _pairs(context)
    made = ("Rows are true classes, columns answers; counts of pictures.",)
    return Section("confusion", "Confusion", "What is taken for what?", tuple(blocks), made)


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
                alt = f"{answer['id']}: {pair['label']} taken for {pair['predicted']}"
                pictures.append(Picture(data, alt, answer["id"].rpartition("/")[2], (badge,), "jpeg"))
        if pictures:
            title = f"{pair['label']} taken for {pair['predicted']} by {context.best}: {pair['count']} pictures"
            rows.append(Row(tuple(pictures), title))
    return rows
