"""Whether the data can be trusted: copies across splits, broken files, near-empty classes."""

import pandas as pd

from carvis.dataset.health import Health, check_dataset
from carvis.errors import CarvisError
from carvis.images import thumbnail
from carvis.report.blocks import Badge, Picture, Row, Section, Words, percent, table
from carvis.report.context import Context

_PAIRS = 4
_MADE = (
    "A copy is the same picture: the same bytes or pixels, or encoded anew, resized, cropped, mirrored or recoloured.",
    "Distance: mean absolute difference of the two pictures laid over each other, as a share of full scale.",
)


def health(context: Context) -> Section | None:
    """None where the data set is not here."""
    if context.data is None:
        return None
    cache = context.cache_dir / "health" if context.cache_dir else None
    found = check_dataset(context.data, lambda done, total: context.tell(f"checking {context.data.name}"), cache)
    blocks: list = list(_leaks(found)) + list(_scores(context))
    if found.mixed_groups:
        blocks.append(Words(f"{found.mixed_groups} groups of copies bear several labels."))
    counts = found.counts.copy()
    counts.loc["all"] = counts.sum()
    shown = counts.map("{:,}".format).rename_axis("class").iloc[[-1, *range(len(counts) - 1)]]
    blocks += [table(shown, "Pictures in each class and split"), *_rows(context, found)]
    for title, problems in (
        ("Files that cannot be read", found.broken),
        ("Files that are no pictures", found.others),
        ("Near-empty classes", found.sparse),
    ):
        if len(problems):
            blocks.append(table(_below(problems.head(20), found), f"{title}: {len(problems):,}"))
    return Section("health", "Data", "Can the data be trusted?", tuple(blocks), _MADE)


def _leaks(found: Health):
    copied = False
    for (split, other), shared in found.crossing().items():
        if shared.copies:
            copied = True
            words = (
                f"{shared.copies:,} of {shared.n:,} {split} pictures are also in {other}: {shared.exact:,} exactly, "
            )
            strong = (split, other) == ("test", "train")
            yield Words(f"{words}{shared.copies - shared.exact:,} nearly.", strong)
    if not copied and len(found.splits) > 1:
        yield Words("No picture has a copy in another split.")


def _scores(context: Context):
    for name, evaluation in context.evaluations.items():
        leak = evaluation.leak
        if leak is None or not leak.copies:
            continue
        if leak.measurable:
            clean = f"{percent(leak.accuracy)} on the {leak.clean:,} pictures without a copy in training"
        else:
            clean = "without copies it is not measurable: make a leak-free split"
        yield Words(f"{name}: {percent(evaluation.accuracy)} on all pictures, {clean}.", True)


def _rows(context: Context, found: Health) -> list[Row]:
    """Pairs of test and training pictures: what is exact comes last, since it looks as one would think."""
    pairs = found.copies
    pairs = pairs[(pairs["split"] != pairs["twin_split"]) | (pairs["label"] != pairs["twin_label"])]
    pairs = pairs.sort_values("distance", ascending=False, kind="stable").drop_duplicates("path").head(_PAIRS)
    rows = []
    for pair in pairs.to_dict("records"):
        pictures = []
        for side in ("", "twin_"):
            path, label = pair[f"{side}path"], pair[f"{side}label"]
            try:
                data = thumbnail(path, 190)
            except CarvisError:
                continue
            name = str(path).rpartition("/")[2]
            words = f"{pair[f'{side}split']} · {label}"
            pictures.append(Picture(data, f"{words}: {name}", name, (Badge(words),), "jpeg"))
        rows.append(Row(tuple(pictures), f"Copies, distance {pair['distance']:.3f}"))
    return rows


def _below(problems: pd.DataFrame, found: Health) -> pd.DataFrame:
    """Paths below the data set: the report is read on other machines too."""
    root = f"{found.root}/"
    texts = problems.select_dtypes(["object", "string"]).columns
    return problems.assign(**{name: problems[name].astype(str).str.replace(root, "", regex=False) for name in texts})
