"""What data sets and their health show of themselves in a notebook."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

from carvis.display import beside, encoded, facts, html_unless_damaged, line, panel, percent, table
from carvis.errors import CarvisError
from carvis.images import thumbnail
from carvis.language import _
from carvis.workspace import children

if TYPE_CHECKING:
    from carvis.dataset.dataset import Dataset
    from carvis.dataset.health.health import Health

# Files of a split that are counted while somebody waits for a cell; seconds that images may take.
_COUNTED, _SECONDS, _THUMBNAILS = 40_000, 0.3, 6


@html_unless_damaged
def dataset_html(data: Dataset) -> str:
    """Images in each class and split, and a few of them; a large split is counted only where it was counted before."""
    counted = {split: data.samples(split) for split in data.splits if data.scanned(split) or _is_small(data, split)}
    columns = {split: rows["label"].value_counts() for split, rows in counted.items()}
    rows = [
        (name, *(f"{columns[split].get(name, 0):,}" if split in columns else "…" for split in data.splits))
        for name in data.class_names[:12]
    ]
    totals = (_("all"), *(f"{len(counted[split]):,}" if split in counted else "…" for split in data.splits))
    parts = [line(data.root), _thumbnails(counted)]
    parts.append(table((_("class"), *map(_, data.splits)), [totals, *rows], 13, len(data.class_names) + 1))
    if len(counted) < len(data.splits):
        parts.append(line(_("… many files, not counted yet: call counts().")))
    return panel(data.name, *parts)


def _is_small(data: Dataset, split: str) -> bool:
    """Whether counting a split takes no time, judged by some of its folders."""
    folders = children(data.folder(split), data.links, folders=True)
    sampled = folders[:: max(1, len(folders) // 8)][:8]
    files = sum(sum(1 for _entry in os.scandir(folder)) for folder in sampled)
    return files * len(folders) <= _COUNTED * max(len(sampled), 1)


def _thumbnails(counted: dict) -> str:
    samples = next((rows for split in ("test", "valid", "train") if len(rows := counted.get(split, ()))), None)
    if samples is None:
        return ""
    chosen = samples.drop_duplicates("label")
    chosen = chosen.iloc[:: max(1, len(chosen) // _THUMBNAILS)].head(_THUMBNAILS)
    images, end = [], time.monotonic() + _SECONDS
    for row in chosen.itertuples():
        try:
            images.append(encoded(thumbnail(row.path, 96), row.label))
        except CarvisError:
            continue
        if time.monotonic() > end:
            break
    return beside(*images)


@html_unless_damaged
def health_html(health: Health) -> str:
    """Show what a check found: the counts, and how many images the splits share."""
    values = {
        _("images"): f"{len(health.images):,}",
        _("cannot be read"): f"{len(health.broken):,}",
        _("no images"): f"{len(health.others):,}",
        _("without duplicates"): f"{health.groups:,}",
        _("near-empty classes"): f"{len(health.sparse):,}",
    }
    shared = [
        (f"{a} – {b}", f"{leak.n:,}", f"{leak.exact:,}", f"{leak.copies:,}", percent(leak.copies / max(leak.n, 1)))
        for (a, b), leak in health.crossing().items()
    ]  # fmt: skip
    columns = (_("leakage"), _("images"), _("exact duplicates"), _("exact or near"), _("share"))
    return panel(health.name, facts(values), table(columns, shared) if shared else "")
