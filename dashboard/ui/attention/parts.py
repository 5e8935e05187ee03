"""Attention on annotated parts: the annotations, the measuring, and what was measured."""

import streamlit as st

from carvis.dataset import Dataset
from carvis.explain.attention import Attention, skipped_messages
from ui.attention import annotations, charts, classes, controls, downloads, drawing, findings, intervals, measurement
from ui.attention.selection import AttentionSelection
from ui.state import current, selection, unreadable
from ui.state.i18n import _, of_library, shown_as
from ui.widgets import commands, skipped_files
from ui.widgets.layout import empty, guarded
from ui.widgets.text import marked_up, plain


def show(models: list[str]) -> bool:
    """Show which annotated parts the models look at and need; return whether anything was measured."""
    dataset = annotations.dataset()
    split = current.split()
    if dataset is None or not split:
        empty(
            _("No images yet"),
            _("Put images into `data/NAME/train/CLASS/`, `valid/CLASS/` and `test/CLASS/`."),
            commands.carvis("demo"),
        )
        return False
    if why := skipped_files.why_nothing():
        empty(_("No images yet"), plain(why))
        return False
    listed = annotations.sources(dataset)
    source = annotations.chosen(listed)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        names = {key: entry.words() for key, entry in listed.items()}
        st.selectbox(
            _("Annotated parts"), list(listed), format_func=shown_as(names), width=280,
            **selection.control("parts", source.key),
        )  # fmt: skip
        annotations.add()
        controls.settings()
        draws = _draws(dataset, listed)
    if draws and list(listed) == [annotations.DRAWN] and not annotations.any_drawn(dataset):
        empty(
            _("No parts are annotated in these images yet"),
            _(
                "Draw a box around one on each image below; twenty images take three minutes. Or upload boxes or "
                "outlines with the button above (COCO, Pascal VOC or a CSV table), or put masks into the data set's "
                "folder."
            ),
        )
    if draws:
        with guarded():
            drawing.show(dataset, split, models, annotations.outlines(dataset, split))
    parts = annotations.read(source, dataset, split)
    if parts is None or not models:
        return False
    st.caption(annotations.summary(parts, dataset, split))
    settings = measurement.attention_settings(selection.get(AttentionSelection))
    loaded = unreadable.each(
        "result",
        {name: name for name in models},
        lambda name: measurement.result(name, dataset, split, parts, settings),
    )
    results = {name: loaded.get(name) for name in models}
    missing = [name for name, result in results.items() if result is None]
    measurement.offer(missing, dataset, split, parts, settings)
    if source.path is None or source.with_drawn:
        marks = (dataset.name, split, source.key, str(settings.as_dict()))
        before = {name: intervals.measured_before((name, *marks), result) for name, result in results.items()}
        known = {name: result for name, result in before.items() if result is not None}
        outdated = any(results[name] is None for name in known)
        intervals.show(known, parts, dataset, split, models, outdated)
    if measured := {name: result for name, result in results.items() if result is not None}:
        _results(measured, dataset)
    return bool(measured)


def _draws(dataset: Dataset, listed: dict[str, annotations.Source]) -> bool:
    """Offer to draw boxes; by itself where nothing else is annotated."""
    chosen = selection.get(AttentionSelection).draw
    draws = chosen == "on" or (not chosen and list(listed) == [annotations.DRAWN])
    st.toggle(_("Draw boxes by hand"), **selection.control("draw", draws, lambda on: "on" if on else "off"))
    return draws


def _results(results: dict[str, Attention], dataset: Dataset) -> None:
    findings.show(results)
    charts.by_part(results)
    with st.expander(_("As a table"), type="compact"):
        charts.table_of_parts(results)
    several_images = all(len(result.table) > 1 for result in results.values())
    notes = [sentence for name, result in results.items() for sentence in _notes(name, result)]
    if notes and several_images:
        st.caption(" ".join(dict.fromkeys(notes)))
    downloads.show(results)
    if several_images:
        classes.show(results, dataset)


def _notes(name: str, result: Attention) -> list[str]:
    notes = [f"{plain(name)}: {plain(of_library(note))}" for note in result.notes]
    return notes + [marked_up(message) for message in skipped_messages(name, result)]
