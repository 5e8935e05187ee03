"""Whether the data can be trusted: leakage, label issues, broken files, near-empty classes."""

import pandas as pd

from carvis.dataset.health import Health
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
    Row,
    Section,
    percent,
    split_name,
    table,
)
from carvis.report.context import Context

_PAIRS, _LABELS, _FILES = 6, 12, 10
_COLUMNS = {
    "path": N_("file"),
    "split": N_("split"),
    "label": N_("class"),
    "reason": N_("reason"),
    "images": N_("images"),
}
_METHOD_NOTES = (
    N_(
        "Near-duplicates are the same image re-encoded, resized, cropped, mirrored or recoloured; exact ones have "
        "the same bytes or pixels. Distance: mean absolute difference of the two aligned images, as a share of full "
        "scale."
    ),
    N_(
        "Label issues: confident learning (Northcutt et al. 2021) over the models that are right more often than wrong."
    ),
)


def health(context: Context) -> Section | None:
    """None where the data set is not here."""
    checked = context.health
    if checked is None:
        return None
    blocks: list[Block] = [table(_splits(checked), _("Images in each split"))]
    blocks += _leaks(checked)
    if groups := _duplicates(checked):
        blocks += [Heading(_("Near-duplicates across splits or classes")), Groups(tuple(groups))]
    blocks += _labels(context)
    for title, problems in (
        (_("Files that cannot be read"), checked.broken),
        (_("Files that are not images"), checked.others),
        (_("Near-empty classes"), checked.sparse),
    ):
        if len(problems):
            listed = _below(problems.head(_FILES), checked)
            blocks.append(table(listed, f"{title}: {len(problems):,}", texts=listed.shape[1]))
    return Section("health", _("Data"), _("Can the data be trusted?"), tuple(blocks), tuple(map(_, _METHOD_NOTES)))


def _splits(checked: Health) -> pd.DataFrame:
    counts = checked.counts
    rows = {}
    for split, column in counts.items():
        occupied = column[column > 0]
        fewest = (
            f"{occupied.min():,} ({occupied.idxmin()})" if len(occupied) and occupied.min() < occupied.max() else "–"
        )
        most = f"{occupied.max():,} ({occupied.idxmax()})" if len(occupied) and occupied.min() < occupied.max() else "–"
        each = f"{column.mean():,.0f}" if len(occupied) else "–"
        rows[split_name(str(split))] = {
            _("images"): f"{column.sum():,}",
            _("classes"): f"{len(occupied):,}",
            _("mean of a class"): each,
            _("fewest"): fewest,
            _("most"): most,
        }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis(_("split"))


def _leaks(checked: Health) -> list[Block]:
    rows = {}
    for (split, other), shared in checked.crossing().items():
        name = _("{split} in {other}").format(split=split_name(split), other=split_name(other))
        rows[name] = {
            _("images"): f"{shared.n:,}",
            _("exact duplicates"): f"{shared.exact:,}",
            _("near-duplicates"): f"{shared.copies - shared.exact:,}",
            _("share"): percent(shared.copies / shared.n if shared.n else float("nan")),
        }
    if not rows:
        return [Paragraph(_("There is only one split, so leakage between splits cannot be checked."), True)]
    rows_table = pd.DataFrame.from_dict(rows, orient="index").rename_axis(_("leakage"))
    return [table(rows_table, _("Images that are also in another split"))]


def _duplicates(checked: Health) -> list[Row]:
    """Pairs of images: what is exact comes last, since it looks as one would think."""
    pairs = checked.copies
    pairs = pairs[(pairs["split"] != pairs["twin_split"]) | (pairs["label"] != pairs["twin_label"])]
    pairs = pairs.sort_values("distance", ascending=False, kind="stable").drop_duplicates("path").head(_PAIRS)
    rows = []
    for pair in pairs.to_dict("records"):
        images = []
        for side in ("", "twin_"):
            path, label = pair[f"{side}path"], pair[f"{side}label"]
            try:
                data = thumbnail(path, 200)
            except CarvisError:
                continue
            name = str(path).replace("\\", "/").rpartition("/")[2]
            caption = f"{split_name(pair[f'{side}split'])} · {label}"
            images.append(Image(data, f"{caption}: {name}", caption, name, type="jpeg"))
        title = _("distance {distance}").format(distance=f"{pair['distance']:.3f}")
        rows.append(Row(tuple(images), title, across=6))
    return rows


def _labels(context: Context) -> list[Block]:
    """The gravest label issues, with their images."""
    images = []
    for row in context.label_issues.head(_LABELS).to_dict("records"):
        if data := context.thumbnail(row["id"]):
            name = row["id"].rpartition("/")[2]
            badge = Badge(_("rather {label}").format(label=row["suggested"]), "bad")
            alt = _("{image}: labelled {label}, perhaps {suggested}").format(
                image=row["id"], label=row["label"], suggested=row["suggested"]
            )
            images.append(Image(data, alt, row["label"], name, (badge,), "jpeg"))
    if not images:
        return []
    title = _("Label issues: {n} of {all}").format(n=len(images), all=f"{len(context.label_issues):,}")
    parts = [images[start : start + 6] for start in range(0, len(images), 6)]
    return [Heading(title), *(Row(tuple(part), across=6) for part in parts)]


def _below(problems: pd.DataFrame, checked: Health) -> pd.DataFrame:
    """Paths below the data set: the report is read on other machines too."""
    root = f"{checked.root}/"
    texts = problems.select_dtypes(["object", "string"]).columns
    below = {name: [str(localised(value)).replace(root, "") for value in problems[name]] for name in texts}
    return problems.assign(**below).rename(columns={name: _(word) for name, word in _COLUMNS.items()})
