"""Whether the data can be trusted: copies across splits, broken files, near-empty classes."""

import pandas as pd

from carvis.dataset.health import Health, check_dataset
from carvis.errors import CarvisError
from carvis.images import thumbnail
from carvis.language import N_, _, n_
from carvis.report.blocks import Badge, Picture, Row, Section, Words, percent, split_word, table
from carvis.report.context import Context

_PAIRS = 4
_MADE = (
    N_(
        "A copy is the same picture: the same bytes or pixels, or encoded anew, resized, cropped, mirrored or "
        "recoloured."
    ),
    N_("Distance: mean absolute difference of the two pictures laid over each other, as a share of full scale."),
)


def health(context: Context) -> Section | None:
    """None where the data set is not here."""
    if context.data is None:
        return None
    cache = context.cache_dir / "health" if context.cache_dir else None
    found = check_dataset(context.data, lambda done, total: context.tell(f"checking {context.data.name}"), cache)
    blocks: list = list(_leaks(found)) + list(_scores(context))
    if found.mixed_groups:
        words = n_(
            "{n} group of copies bears several labels.", "{n} groups of copies bear several labels.", found.mixed_groups
        )
        blocks.append(Words(words.format(n=found.mixed_groups)))
    counts = found.counts.copy()
    counts.loc[_("all")] = counts.sum()
    counts = counts.rename(columns=split_word)
    shown = counts.map("{:,}".format).rename_axis(_("class")).iloc[[-1, *range(len(counts) - 1)]]
    blocks += [table(shown, _("Pictures in each class and split")), *_rows(context, found)]
    for title, problems in (
        (_("Files that cannot be read"), found.broken),
        (_("Files that are no pictures"), found.others),
        (_("Near-empty classes"), found.sparse),
    ):
        if len(problems):
            blocks.append(table(_below(problems.head(20), found), f"{title}: {len(problems):,}"))
    return Section("health", _("Data"), _("Can the data be trusted?"), tuple(blocks), tuple(map(_, _MADE)))


def _leaks(found: Health):
    copied = False
    for (split, other), shared in found.crossing().items():
        if shared.copies:
            copied = True
            words = _("{copies} of {n} {split} pictures are also in {other}: {exact} exactly, {near} nearly.").format(
                copies=f"{shared.copies:,}",
                n=f"{shared.n:,}",
                split=split_word(split),
                other=split_word(other),
                exact=f"{shared.exact:,}",
                near=f"{shared.copies - shared.exact:,}",
            )
            yield Words(words, (split, other) == ("test", "train"))
    if not copied and len(found.splits) > 1:
        yield Words(_("No picture has a copy in another split."))


def _scores(context: Context):
    for name, evaluation in context.evaluations.items():
        leak = evaluation.leak
        if leak is None or not leak.copies:
            continue
        if leak.measurable:
            words = _("{model}: {all} on all pictures, {clean} on the {n} pictures without a copy in training.")
        else:
            words = _("{model}: {all} on all pictures, without copies it is not measurable: make a leak-free split.")
        clean = percent(leak.accuracy) if leak.measurable else ""
        said = words.format(model=name, all=percent(evaluation.accuracy), clean=clean, n=f"{leak.clean:,}")
        yield Words(said, True)


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
            words = f"{split_word(pair[f'{side}split'])} · {label}"
            pictures.append(Picture(data, f"{words}: {name}", name, (Badge(words),), "jpeg"))
        rows.append(Row(tuple(pictures), _("Copies, distance {distance}").format(distance=f"{pair['distance']:.3f}")))
    return rows


def _below(problems: pd.DataFrame, found: Health) -> pd.DataFrame:
    """Paths below the data set: the report is read on other machines too."""
    root = f"{found.root}/"
    texts = problems.select_dtypes(["object", "string"]).columns
    return problems.assign(**{name: problems[name].astype(str).str.replace(root, "", regex=False) for name in texts})
