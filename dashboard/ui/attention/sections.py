"""The section of page Where models look on annotated parts: what it shows once something is measured."""

import io
import zipfile

import pandas as pd
import streamlit as st

from carvis.dataset import Dataset
from carvis.explain.attention import Attention, claim
from carvis.tables import to_csv
from ui.attention import charts, images, verdicts
from ui.state import selection
from ui.state.i18n import N_, _, translated
from ui.state.widget_values import careful
from ui.widgets.download import download
from ui.widgets.text import plain

MEASURES = {"looks": N_("Looks (times its area)"), "needs": N_("Needs (fall when covered)")}
CLICK = N_(
    "Click a cell, or choose below, to see the pictures behind it. With few pictures a class, small differences are "
    "chance."
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
    said = [sentence for name, result in results.items() for sentence in verdicts.notes(name, result)]
    if said and several:
        st.caption(" ".join(dict.fromkeys(said)))
    _downloads(results)
    if several:
        _classes(results, pictures)


def _findings(results: dict[str, Attention]) -> None:
    parts = next(iter(results.values())).parts
    several = [name for name, result in results.items() if result.table["label"].nunique() > 1]
    with st.grid(2 if several else 1, min_column_width=360, gap="medium"):
        with st.container(border=True, height="stretch"):
            _claim(results, parts)
        if several:
            with st.container(border=True, height="stretch"):
                _unusual(results)


def _claim(results: dict[str, Attention], parts: tuple[str, ...]) -> None:
    part = _part(parts)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"**{_('Do the models judge by this part?')}**", width="content")
        selection.show("claim_part", part)
        take = selection.by_person("claim_part", _take_part)
        st.selectbox(
            _("Part"), parts, key="claim_part", on_change=careful(take), label_visibility="collapsed", width=180
        )
    for name, result in results.items():
        st.markdown(verdicts.claim_sentence(name, claim(result, part)))
    if any(word in part.casefold() for word in verdicts.EMBLEMS):
        st.caption(_("The tutorial concluded from one picture that the best model judges by the emblem."))


def _take_part() -> None:
    selection.change(part=st.session_state["claim_part"])


def _part(parts: tuple[str, ...]) -> str:
    chosen = selection.get().part
    return chosen if chosen in parts else verdicts.default_part(parts)


def _unusual(results: dict[str, Attention]) -> None:
    st.markdown(f"**{_('What stands out')}**")
    tables = {name: result.unusual() for name, result in results.items()}
    more = False
    for name, table in tables.items():
        said = verdicts.standing_out_sentences(name, table)
        for what, sentence in said[:_SENTENCES]:
            st.markdown(f":material/{_ICONS[what]}: {sentence}")
        if not said:
            words = _("{model} uses no part for one class that it does not use for the others.")
            st.markdown(f":material/check: {words.format(model=plain(name))}")
        more |= len(said) > _SENTENCES
    if more:
        with st.expander(_("All that stands out"), type="compact"):
            _table_of_unusual(pd.concat([table.assign(model=name) for name, table in tables.items()]))


def _table_of_unusual(rows: pd.DataFrame) -> None:
    columns = {
        "model": _("Model"),
        "label": _("Class"),
        "part": _("Part"),
        "share": _("Share of the map"),
        "others share": _("Share of the map, other classes"),
        "fall": _("Fall when covered"),
        "others fall": _("Fall, other classes"),
    }
    shown = rows[list(columns)].copy()
    for name in columns:
        if "share" in name:
            shown[name] = shown[name].map(verdicts.share)
        elif "fall" in name:
            shown[name] = shown[name].map(verdicts.number)
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
        measure = chosen.measure if result.covered else "looks"
        if result.covered:
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
            help=_("CSV files of each model: picture by picture, by part, by class, accuracy"),
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
        files[f"{_file(name)}-pictures.csv"] = result.to_csv().encode("utf-8-sig")
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
