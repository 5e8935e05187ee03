"""The health of a data set, checked on request and kept; and its leak-free split, made on request."""

import streamlit as st

from carvis.dataset import Dataset
from carvis.dataset.health import Health, Split, check_dataset, split_dataset
from carvis.workspace import content_hash
from ui.state import health_checks, jobs, workspace
from ui.state.i18n import _, n_
from ui.state.rates import Work
from ui.widgets import commands
from ui.widgets.job import on_request
from ui.widgets.text import SPLIT, plain

_MOST_NAMED = 8
SHARES = ("train", "valid", "test")


def checked(dataset: Dataset) -> Health | None:
    """Return the health of a data set; None, with a button, where it was never checked."""
    if (known := health_checks.kept(dataset)) is not None:
        return known
    key, disk_cache = health_checks.key_of(dataset), health_checks.cache()
    n = int(dataset.counts().to_numpy().sum())
    note = n_("{n} image; the result is saved.", "{n} images; the result is saved.", n)
    return on_request(
        key,
        _("Check these images"),
        lambda progress: health_checks.keep(key, check_dataset(dataset, progress, disk_cache), disk_cache),
        note.format(n=f"{n:,}"),
        keeps=False,
        work=Work(("health",), n),
    )


def offer_split(health: Health) -> None:
    """Offer to create the leak-free split beside the data set, and report the result."""
    out = workspace.get().data_dir / f"{health.name}-free"
    key = content_hash("split", str(out))
    if out.exists():
        created = jobs.results().get(key)
        if created and out.is_dir():
            _report(created)
            return
        st.success(
            _(
                "The split **{name}** exists: select it as the data set in the sidebar, then train and evaluate on it."
            ).format(name=plain(out.name)),
            icon=":material/check_circle:",
        )
        return
    # It may have been created and deleted since.
    jobs.results().pop(key, None)
    command = commands.carvis("split", commands.path(health.root), "--out", commands.path(out))
    st.code(command, language="bash", wrap_lines=True)
    on_request(
        key,
        _("Create this split"),
        lambda progress: split_dataset(health, out, cache=health_checks.cache(), progress=progress),
        _("70 % training, 15 % validation, 15 % test; images are linked, so it takes no disk space."),
        icon="call_split",
    )


def _report(created: Split) -> None:
    counts = created.counts.sum()
    n_skipped = sum(created.skipped.values())
    sentences = [
        _("**{name}** has {train} training, {valid} validation and {test} test images.").format(
            name=plain(created.out.name), **{split: f"{counts[split]:,}" for split in SHARES}
        ),
        n_("{n} image was skipped", "{n} images were skipped", n_skipped).format(n=f"{n_skipped:,}")
        + " "
        + _("(its `split.csv` gives the reasons)."),
        _("Select it as the data set in the sidebar, then train and evaluate on it."),
    ]
    st.success(" ".join(sentences), icon=":material/check_circle:")
    for split, names in created.missing_classes.items():
        if names:
            some = ", ".join(map(plain, names[:_MOST_NAMED])) + (" …" if len(names) > _MOST_NAMED else "")
            text = n_(
                "{n} class has no images in {split}: {names}",
                "{n} classes have no images in {split}: {names}",
                len(names),
            ).format(n=f"{len(names):,}", split=_(SPLIT[split]).lower(), names=some)
            st.warning(text, icon=":material/warning:")
