"""The section of page Where models look on annotated parts: what it shows once something is measured."""

import io
import zipfile

import pandas as pd
import streamlit as st

from carvis.dataset import Dataset
from carvis.explain.attention import (
    Attention,
    claim,
    claim_finding,
    default_part,
    names_an_emblem,
    outlier_findings,
    skipped_messages,
)
from carvis.tables import to_csv
from ui.attention import charts, images
from ui.attention.numbers import number, share
from ui.state import selection
from ui.state.i18n import N_, _, of_library, translated
from ui.state.widget_values import careful
from ui.widgets.download import download
from ui.widgets.text import marked_up, plain

MEASURES = {"looks": N_("Looks (times its area)"), "needs": N_("Needs (fall when occluded)")}
CLICK = N_(
    "Click a cell, or choose below, to see the images behind it. With few images a class, small differences are chance."
)
_ICONS = {"both": "warning", "need": "push_pin", "attention": "visibility"}
_SENTENCES = 2


def show(results: dict[str, Attention], pictures: Dataset) -> None:
    """Show the results of some models on the same pictures and parts."""
    _findings(results)
    charts.by_part(results)
    with st.expander(_("The same as a table"), type="compact"):
        charts.table_of_parts(results)
    several = all(len(result.table) > 1 for result in results.values())
    notes = [sentence for name, result in results.items() for sentence in _notes(name, result)]
    if notes and several:
        st.caption(" ".join(dict.fromkeys(notes)))
    _downloads(results)
    if several:
        _classes(results, pictures)


def _notes(name: str, result: Attention) -> list[str]:
    notes = [f"{plain(name)}: {plain(of_library(note))}" for note in result.notes]
    return notes + [marked_up(message) for message in skipped_messages(name, result)]


def _findings(results: dict[str, Attention]) -> None:
    parts = next(iter(results.values())).parts
    several = [name for name, result in results.items() if result.table["label"].nunique() > 1]
    with st.grid(2 if several else 1, min_column_width=360, gap="medium"):
        with st.container(border=True, height="stretch"):
            _claim(results, parts)
        if several:
            with st.container(border=True, height="stretch"):
                _outliers(results)


def _claim(results: dict[str, Attention], parts: tuple[str, ...]) -> None:
    part = _part(parts)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"**{_('Do the models rely on this part?')}**", width="content")
        selection.show("claim_part", part)
        take = selection.by_person("claim_part", _take_part)
        st.selectbox(
            _("Part"), parts, key="claim_part", on_change=careful(take), label_visibility="collapsed", width=180
        )
    for name, result in results.items():
        st.markdown(marked_up(claim_finding(name, claim(result, part)), "model", "part", "rival"))
    if names_an_emblem(part):
        st.caption(_("The tutorial concluded from one image that the best model relies on the emblem."))


def _take_part() -> None:
    selection.change(part=st.session_state["claim_part"])


def _part(parts: tuple[str, ...]) -> str:
    chosen = selection.get().part
    return chosen if chosen in parts else default_part(parts)


def _outliers(results: dict[str, Attention]) -> None:
    st.markdown(f"**{_('What stands out')}**")
    tables = {name: result.outliers() for name, result in results.items()}
    more = False
    for name, table in tables.items():
        findings = outlier_findings(name, table)
        for finding in findings[:_SENTENCES]:
            sentence = marked_up(finding.message, "labels", "part")
            st.markdown(f":material/{_ICONS[finding.kind]}: {sentence}")
        if not findings:
            words = _("{model} relies on no part for one class alone.")
            st.markdown(f":material/check: {words.format(model=plain(name))}")
        more |= len(findings) > _SENTENCES
    if more:
        with st.expander(_("All that stands out"), type="compact"):
            _table_of_outliers(pd.concat([table.assign(model=name) for name, table in tables.items()]))


def _table_of_outliers(rows: pd.DataFrame) -> None:
    columns = {
        "model": _("Model"),
        "label": _("Class"),
        "part": _("Part"),
        "share": _("Share of the evidence"),
        "others share": _("Share of the evidence, other classes"),
        "fall": _("Fall when occluded"),
        "others fall": _("Fall, other classes"),
    }
    shown = rows[list(columns)].copy()
    for name in columns:
        if "share" in name:
            shown[name] = shown[name].map(share)
        elif "fall" in name:
            shown[name] = shown[name].map(number)
    st.dataframe(shown.rename(columns=columns), hide_index=True, alt=_("Classes and parts that stand out, by model"))


def _classes(results: dict[str, Attention], pictures: Dataset) -> None:
    st.subheader(_("Class by class"), anchor=False)
    chosen = selection.get()
    names = list(results)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        if len(names) > 1:
            name = st.segmented_control(
                _("Model"), names, default=names[0], required=True, wrap=True, key="attention_model"
            )
            name = name if name in results else names[0]
        else:
            name = names[0]
        result = results[name]
        measures = translated(MEASURES)
        measure = chosen.measure if result.occluded else "looks"
        if result.occluded:
            st.segmented_control(
                _("Show"),
                list(measures),
                format_func=measures.get,
                required=True,
                wrap=True,
                **selection.control("measure", measure),
            )
    labels = set(result.table["label"])
    label = chosen.true if chosen.true in labels else None
    part = _part(result.parts)
    charts.by_class(result, measure, (label or "", part))
    st.caption(_(CLICK))
    images.choose(result, label, part)
    images.show(result, pictures, label, part)


def _downloads(results: dict[str, Attention]) -> None:
    with st.container(horizontal=True):
        download(
            _("Figure"),
            lambda: _figure(results),
            file_name="attention.png",
            key="attention_figure",
            help=_("Both charts as one PNG file"),
        )
        download(
            _("Figure by class"),
            lambda: _zipped({f"{_file(name)}-classes.png": _class_figure(one) for name, one in results.items()}),
            file_name="attention-classes.zip",
            icon=":material/grid_on:",
            key="attention_class_figure",
            help=_("Classes and parts of each model as PNG files"),
        )
        download(
            _("Numbers"),
            lambda: _zipped(_tables(results)),
            file_name="attention.zip",
            key="attention_numbers",
            help=_("CSV files of each model: image by image, by part, by class, accuracy"),
        )


def _figure(results: dict[str, Attention]) -> bytes:
    from carvis.figures import attention_by_part, figure_bytes

    return figure_bytes(attention_by_part(results))


def _class_figure(result: Attention) -> bytes:
    from carvis.figures import attention_by_class, figure_bytes

    return figure_bytes(attention_by_class(result))


def _tables(results: dict[str, Attention]) -> dict[str, bytes]:
    files = {}
    for name, result in results.items():
        tables = {"parts": result.by_part, "classes": result.by_class, "accuracy": result.accuracy}
        files[f"{_file(name)}-images.csv"] = result.to_csv().encode("utf-8-sig")
        for kind, table in tables.items():
            files[f"{_file(name)}-{kind}.csv"] = to_csv(table, index=True).encode("utf-8-sig")
    return files


def _file(name: str) -> str:
    return name.replace("/", "_")


def _zipped(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()
