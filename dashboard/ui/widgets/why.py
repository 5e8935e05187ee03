"""The panel "Why?": a split's images nearest to one in each model's features, from stored embeddings."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd
import streamlit as st

from carvis.dataset import canonical_split
from carvis.feature_space import Embeddings
from carvis.language import Message
from carvis.prediction import Neighbour
from carvis.workspace import is_demo
from ui.state import current, embeddings, evaluations, health_checks, label_issues, selection, unreadable, workspace
from ui.state.i18n import N_, _, n_, of_library, shown_as, translated
from ui.state.models import Opened
from ui.state.samples import Sample
from ui.widgets import commands, neighbour_tiles, tag_editor
from ui.widgets.layout import guarded
from ui.widgets.neighbour_tiles import Marks
from ui.widgets.text import SPLIT, plain

_MISSING = {
    "train": N_("No embeddings of the training images by {model} are stored. This makes them:"),
    "valid": N_("No embeddings of the validation images by {model} are stored. This makes them:"),
    "test": N_("No embeddings of the test images by {model} are stored. This makes them:"),
}


def offer(
    data: str, sample: Sample, opened: Mapping[str, Opened], key: str, targets: Mapping[str, str] | None = None
) -> None:
    """Offer the images nearest to one, which are shown when a person asks: to one of a data set, or to an upload.

    Args:
        data: name of the data set that is searched.
        sample: the image.
        opened: the models by name; those that cannot be opened are ignored for an upload.
        key: tells several of these on one page apart.
        targets: as for ``show``.
    """
    upload = not isinstance(sample.source, Path)
    if not upload and data not in workspace.datasets():
        return
    title = _("Why? The images nearest to it")
    box = st.expander(title, icon=":material/help:", key=f"why_{key}", on_change="rerun", type="compact")
    if not box.open:
        return
    with box:
        if not upload:
            show(data, sample.id, list(opened), key, targets)
            return
        own: dict[str, Embeddings] = {}
        for name, model in opened.items():
            with guarded():
                if model.classifier is not None:
                    own[name] = embeddings.of_upload(data, model, sample)
        show(data, sample.id, list(own), key, targets, own)


def show(
    data: str,
    sample: str,
    models: Sequence[str],
    key: str,
    targets: Mapping[str, str] | None = None,
    own: Mapping[str, Embeddings] | None = None,
) -> None:
    """Show the images nearest to an image, for each model.

    Args:
        data: name of the data set.
        sample: id of the image.
        models: names of the models.
        key: tells several of these on one page apart.
        targets: by model, the class whose heatmaps a click compares; by default the predicted class.
        own: by model, the embedding of an image that is of no data set; None for one of the data set.
    """
    split = _choose_split(key)
    own_split = "" if own is not None else canonical_split(sample.partition("/")[0]) or current.split()
    near: dict[str, list[Neighbour]] = {}
    missing: dict[str, list[str]] = {}
    notes: dict[Message, None] = {}
    for model in models:
        with unreadable.item("result", model):
            against = embeddings.stored(data, split, model)
            of_image = own[model] if own is not None else embeddings.stored(data, own_split, model)
            absent = [name for name, one in ((own_split, of_image), (split, against)) if one is None]
            if of_image is None or against is None or of_image.fingerprint != against.fingerprint:
                missing[model] = list(dict.fromkeys(absent)) or [name for name in (own_split, split) if name]
                continue
            table = embeddings.neighbours(sample, of_image, against)
            near[model] = [Neighbour(*row) for row in table.itertuples(index=False, name=None)]
            notes |= dict.fromkeys(changed for one in (of_image, against) if (changed := one.changed_note))
    ids = list(dict.fromkeys(one.id for nearest in near.values() for one in nearest))
    issues = _issues(data, split, ids)
    duplicates = _duplicates(data, own_split, sample, ids) if own is None else frozenset()
    here = set(filter(lambda one: os.path.exists(neighbour_tiles.path_of(data, one) or ""), [sample, *ids]))
    # Where heatmaps are compared, an upload is among the images already.
    beside: tuple[str, ...] | None = ((sample,) if sample in here else None) if own is None else () if targets else None
    for model, nearest in near.items():
        if not nearest:
            st.caption(_("{model} has no embedding of this image.").format(model=plain(model)))
            continue
        target = (targets or {}).get(model) or ("" if own else _predicted(data, own_split, sample, model))
        compare = {
            one.id: (target, neighbour_tiles.link_to_heatmaps(data, (*beside, one.id), models, target))
            for one in nearest
            if target and beside is not None and one.id in here
        }
        neighbour_tiles.draw(nearest, model, data, split, Marks(issues, duplicates, compare))
    if ids:
        neighbour_tiles.table(near, Marks(issues, duplicates))
    if found := [one for one in ids if one in duplicates]:
        words = n_(
            "{n} of them is a near-duplicate of this image: its prediction may be remembered rather than learnt.",
            "{n} of them are near-duplicates of this image: its prediction may be remembered rather than learnt.",
            len(found),
        )
        st.warning(words.format(n=len(found)), icon=":material/content_copy:")
    for replaced in notes:
        st.warning(plain(of_library(replaced)), icon=":material/image_not_supported:")
    if near and issues is None:
        st.caption(_("No model was evaluated on these images, so label issues among them are not known."))
    _name_missing(data, missing)


def _choose_split(key: str) -> str:
    chosen, key = selection.get().near, selection.spoken(f"near_{key}")
    selection.show(key, chosen)
    st.segmented_control(
        _("Images like this one in"),
        list(SPLIT),
        format_func=shown_as(translated(SPLIT)),
        required=True,
        key=key,
        on_change=selection.by_person(key, _take),
        args=(key,),
    )
    return chosen


def _take(key: str) -> None:
    selection.change(near=st.session_state[key] or "train")


def _predicted(data: str, split: str, sample: str, model: str) -> str:
    """Return the class that a model predicted for an image when it was evaluated, else an empty text."""
    row = _row(data, split, sample, model)
    return str(row["predicted"].iloc[0]) if len(row) else ""


def _row(data: str, split: str, sample: str, model: str) -> pd.DataFrame:
    table = evaluations.on(data, split).get(model)
    evaluation = current.evaluation(table) if table else None
    return evaluation.predictions.loc[evaluation.predictions["id"] == sample] if evaluation else pd.DataFrame()


def _issues(data: str, split: str, ids: list[str]) -> frozenset[str] | None:
    """Return which images are label issues: contradicted by most models or by a person; None where nobody looked."""
    issues: set[str] | None = None
    tables = evaluations.on(data, split)
    if voting := label_issues.voting(tables):
        with guarded():
            _joined, errors = label_issues.found([tables[name] for name in voting])
            errors = errors[errors["id"].isin(ids)]
            issues = set(errors.loc[errors["above"], "id"])
            with unreadable.item("tags", tag_editor.FILE):
                decided = tag_editor.store().decisions(data, errors)["decision"]
                issues |= set(decided.index[decided == "confirmed"])
                issues -= set(decided.index[decided == "rejected"])
    rows = pd.DataFrame({"id": ids, "path": [neighbour_tiles.path_of(data, one) for one in ids], "data": data})
    with unreadable.item("tags", tag_editor.FILE):
        tags = tag_editor.on_rows(rows)["tags"] if ids else pd.Series(dtype=object)
        wrong = {str(one) for one, own in tags.items() if "label-wrong" in own}
        issues = (issues or set()) | wrong if wrong else issues
    return None if issues is None else frozenset(issues)


def _duplicates(data: str, split: str, sample: str, ids: list[str]) -> frozenset[str]:
    """Return which images are duplicates of an image, by the kept check of the data set and by its evaluations."""
    found: set[str] = set()
    for model in evaluations.on(data, split):
        row = _row(data, split, sample, model)
        found |= set(row["copy_of"].dropna()) if "copy_of" in row else set()
    if data in workspace.datasets():
        with unreadable.item("data set", data):
            health = health_checks.kept(workspace.dataset(data))
            if health is not None:
                images = health.images
                own = images.loc[(images["id"] == sample) & (images["group"] >= 0), "group"]
                found |= set(images.loc[images["group"].isin(own) & images["id"].isin(ids), "id"])
    return frozenset(found & set(ids))


def _name_missing(data: str, missing: Mapping[str, Sequence[str]]) -> None:
    """Say of which images there are no embeddings, and what makes them."""
    for model, splits in missing.items():
        lines = [commands.evaluate(workspace.model_files().get(model), data, split) for split in splits]
        root = workspace.datasets().get(data)
        if root and is_demo(root) and any(_is_without_images(data, split) for split in splits):
            lines.insert(0, commands.carvis("demo"))
        st.caption(_(_MISSING[splits[-1]]).format(model=plain(model)))
        st.code("\n".join(lines), language="bash", wrap_lines=True)


def _is_without_images(data: str, split: str) -> bool:
    dataset = workspace.dataset(data)
    return split not in dataset.splits or dataset.samples(split).empty
