"""The slices of an evaluation: searched on request, kept on disk by all that decides them."""

from dataclasses import replace
from typing import Any

import streamlit as st

from carvis.dataset import Dataset
from carvis.dataset.health import Health, check_dataset
from carvis.dataset.parts import DrawnParts, find_parts
from carvis.evaluation import Evaluation
from carvis.feature_space import Embeddings
from carvis.progress import Progress, partial_progress
from carvis.subgroups import SEARCH, Slices, SliceSettings, slices, slices_format
from carvis.tags import Tags
from carvis.workspace import content_hash, load_cached, modified, store_cached, walk
from ui.slices.selection import SlicesSelection
from ui.state import embeddings, evaluations, health_checks, jobs, selection, unreadable, workspace
from ui.state.evaluations import Table
from ui.state.i18n import _, n_
from ui.state.rates import Work
from ui.widgets import super_classes, tag_editor
from ui.widgets.job import on_request

_BYTES = 100_000_000
# Of the time, what checking the data set takes where it was not checked before, in per cent.
_CHECKING = 70


def searched(table: Table, evaluation: Evaluation, dataset: Dataset) -> Slices | None:
    """Return the slices of an evaluation; None, with a button, where they were not searched before.

    Args:
        table: where the evaluation lies.
        evaluation: as it was read.
        dataset: of its images.
    """
    found = _searched(table, evaluation, dataset)
    # Slices are kept for the predictions; the confidence shown with them is that of the evaluation as it is now.
    return replace(found, evaluation=evaluation) if found is not None else None


def _searched(table: Table, evaluation: Evaluation, dataset: Dataset) -> Slices | None:
    """Search, or return what was kept.

    Where tags were given since, those of the last search stay, with a button: tagging an image of a slice does not take
    the slice away.
    """
    settings = SliceSettings(pairs=selection.get(SlicesSelection).slice_pairs == "on")
    groups = super_classes.groups_of(dataset.class_names)
    tags, tagged = _tags(evaluation, dataset)
    predictions = _predictions(str(table.path), evaluations.stamp(table), _evaluation=evaluation)
    last, form = _key(predictions, evaluation, dataset, settings, groups), slices_format(evaluation)
    key = content_hash(last, tagged)
    cache = jobs.cache("slices", _BYTES)
    for name in (key, last):
        if name not in jobs.results() and (kept := load_cached(cache, name, form)) is not None:
            jobs.keep(name, kept)

    def make(progress: Progress) -> Slices:
        known = health_checks.kept(dataset)
        health = known or _checked(dataset, partial_progress(progress, 0, _CHECKING))
        found = slices(
            evaluation,
            dataset,
            settings,
            health=health,
            tags=tags,
            named_super_classes=groups,
            workspace=workspace.get(),
            cache_dir=workspace.get().cache_dir,
            progress=partial_progress(progress, 0 if known else _CHECKING, 100),
        )
        for name in (key, last):
            store_cached(cache, name, form, found)
        jobs.keep(last, found)
        return found

    if (earlier := jobs.results().get(last)) is not None:
        note = _("Tags have changed since the last search, and slices are searched by tags, too.")
        return on_request(key, _("Search again"), make, note, so_far=earlier, primary=False, icon="search")
    n = len(evaluation.predictions)
    note = n_("{n} image; the result is saved.", "{n} images; the result is saved.", n).format(n=f"{n:,}")
    work = Work(("slices", settings.pairs, health_checks.kept(dataset) is None), n)
    return on_request(key, _("Search slices"), make, note, icon="search", work=work)


def _checked(dataset: Dataset, progress: Progress) -> Health:
    cache = health_checks.cache()
    return health_checks.keep(health_checks.key_of(dataset), check_dataset(dataset, progress, cache), cache)


def _tags(evaluation: Evaluation, dataset: Dataset) -> tuple[Tags | None, list[Any]]:
    """Return the workspace's tags, None where they cannot be read, and those of the evaluated images."""
    with unreadable.item("tags", tag_editor.FILE):
        tags = tag_editor.store()
        given = tags.on(dataset.name, evaluation.predictions[["id", "sha256"]])["tags"]
        return tags, sorted((str(sample), list(names)) for sample, names in given.items() if names)
    return None, []


@st.cache_data(max_entries=32, show_spinner=False)
def _predictions(folder: str, stamp: tuple[int, ...], *, _evaluation: Evaluation) -> str:
    """Return a hash of the predictions."""
    columns = _evaluation.predictions[["id", "sha256", "label", "predicted"]]
    return content_hash(columns.to_dict("list"))


def _key(
    predictions: str,
    evaluation: Evaluation,
    dataset: Dataset,
    settings: SliceSettings,
    groups: dict[str, str],
) -> str:
    """Name a search by the content of all that it depends on, but for the tags."""
    model = evaluation.setup["model"]["name"]
    splits = dict.fromkeys((evaluation.split, "train"))
    features = [_of_features(embeddings.stored(dataset.name, split, model)) for split in splits]
    return content_hash(
        "slices", SEARCH, dataset.fingerprint, workspace.image_times(dataset), _parts_times(dataset),
        predictions, model, features, settings.pairs, groups,
    )  # fmt: skip


def _of_features(found: Embeddings | None) -> list[str]:
    if found is None:
        return []
    return [found.fingerprint, found.layer, found.source, content_hash(found.ids)]


def _parts_times(dataset: Dataset) -> list[int]:
    """Return the times of change of the annotated parts."""
    with unreadable.item("data set", dataset.name):
        drawn = DrawnParts.of(dataset, workspace.get()).path
        return [modified(drawn), *_times(str(dataset.root), _dataset=dataset)]
    return []


# Of many masks this takes long: it is not looked at in each run.
@st.cache_data(ttl=20, max_entries=4, show_spinner=False)
def _times(root: str, *, _dataset: Dataset) -> list[int]:
    sources = find_parts(_dataset)
    inside = [entry.path for source in sources for entry in walk(source, _dataset.links)]
    return [modified(path) for path in (*sources, *inside)]
