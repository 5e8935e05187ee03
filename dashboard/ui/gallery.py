"""The gallery of misclassified pictures: tiles, the pictures selected among them, one of them large."""

from typing import Any

import pandas as pd
import streamlit as st

from ui import choice, data, selection
from ui.i18n import _, n_
from ui.page import error, guarded
from ui.texts import ROW_STATUS, mark, percent, plain

MOST_SELECTED = 12


def filtered(rows: pd.DataFrame, chosen: selection.Selection) -> tuple[pd.DataFrame, list[str]]:
    """Return the rows that the selection's filters keep, in its order, and notes about filters that cannot hold."""
    notes = []
    kept = pd.Series(True, index=rows.index)
    for value, column in ((chosen.true, "label"), (chosen.pred, "predicted")):
        if value:
            fits = rows[column] == value
            if fits.any():
                kept &= fits
            else:
                notes.append(_("The table holds no class {name}.").format(name=value))
    if (chosen.low, chosen.high) != (0, 100):
        kept &= rows["confidence"].between(chosen.low / 100, chosen.high / 100)
    orders = {
        "confident": (["confidence"], False),
        "unsure": (["confidence"], True),
        "true": (["label", "predicted", "id"], True),
        "name": (["id"], True),
    }
    columns, ascending = orders[chosen.sort]
    return rows[kept].sort_values(columns, ascending=ascending, kind="stable"), notes


def confidence_control(chosen: selection.Selection) -> dict[str, Any]:
    """Tie a slider with two ends to the fields ``low`` and ``high``."""
    selection.show("choose_confidence", (min(chosen.low, chosen.high), max(chosen.low, chosen.high)))
    return {"key": "choose_confidence", "on_change": _take_confidence}


def _take_confidence() -> None:
    low, high = st.session_state["choose_confidence"]
    selection.change(low=low, high=high)


def _here(row: Any) -> dict[str, str]:
    """Where a row's picture belongs, to be named in the selection together with the picture."""
    parts = row.id.split("/")
    split = parts[0] if parts[0] in selection.CHOICES["split"] else choice.split()
    return {"data": row.data or choice.dataset_name(), "split": split}


def _pick(row: Any, table: str) -> None:
    chosen = selection.get()
    place = _here(row)
    others = chosen.sample if chosen.data in ("", place["data"]) else ()
    kept = tuple(one for one in others if one != row.id)
    if st.session_state[f"pick_{row.id}"] and len(kept) < MOST_SELECTED:
        kept = (*kept, row.id)
    _stay(table, sample=kept, **place)


def _stay(table: str, **values: Any) -> None:
    """Change the selection without leaving the view that the person works in."""
    now = selection.get()
    view = {"true": now.true, "pred": now.pred, "page": now.page, "open": now.open, "sample": now.sample}
    if not table.endswith(".csv"):
        values.pop("split", None)
    selection.change(**(view | {"table": table} | values))


def tiles(rows: pd.DataFrame, table: str) -> None:
    """Show one page of pictures, each with its answer and what can be done with it."""
    chosen = selection.get()
    small = data.thumbnails([path if isinstance(path, str) else None for path in rows["path"]])
    with st.grid("auto", min_column_width=168, gap="small"):
        for row, picture in zip(rows.itertuples(), small, strict=True):
            with st.container(border=True, height="stretch", gap="xsmall", key=f"tile_{row.id}"):
                _tile(row, picture, table, row.id in chosen.sample)


def _tile(row: Any, picture: bytes | str, table: str, picked: bool) -> None:
    predicted, label = plain(_text(row.predicted)), plain(_text(row.label))
    if isinstance(picture, bytes):
        st.image(
            picture,
            width="stretch",
            alt=_("{label}, taken for {predicted}").format(label=_text(row.label), predicted=_text(row.predicted)),
        )
    else:
        reason = _(ROW_STATUS[row.status]) if row.status in ROW_STATUS else plain(picture)
        st.markdown(f":material/broken_image: {reason}")
        st.caption(plain(getattr(row, "PATH", None) or row.id))
    if isinstance(row.predicted, str):
        st.markdown(f"{mark(False)} **{predicted}**")
    known = [percent(row.confidence)] if row.confidence == row.confidence else []
    st.caption(" · ".join([*known, _("true: {label}").format(label=label)]))
    if not isinstance(picture, bytes):
        return
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
        selection.show(f"pick_{row.id}", picked)
        st.checkbox(_("Select"), key=f"pick_{row.id}", on_change=_pick, args=(row, table), width="stretch")
        st.button(
            _("Open"),
            icon=":material/open_in_full:",
            key=f"open_{row.id}",
            type="tertiary",
            on_click=_stay,
            args=(table,),
            kwargs={"open": row.id},
        )


def _text(value: object) -> str:
    return value if isinstance(value, str) and value else "–"


def basket() -> None:
    """Say how many pictures are selected, and offer their heatmaps."""
    chosen = selection.get()
    if not chosen.sample:
        return
    n = len(chosen.sample)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(n_("**{n} picture selected**", "**{n} pictures selected**", n).format(n=n), width="content")
        if st.button(_("Show their heatmaps"), icon=":material/blur_on:", type="primary", key="show_heatmaps"):
            st.switch_page("app_pages/heatmaps.py", query_params=selection.link())
        st.button(
            _("Clear"), icon=":material/close:", type="tertiary", on_click=selection.change, kwargs={"sample": ()}
        )


def large(rows: pd.DataFrame, table: str) -> None:
    """Open the picture that the selection names in a window above the page, with what each model said to it."""
    if selection.get().open not in rows["id"].to_numpy():
        error(_("{name} is not among the pictures shown.").format(name=selection.get().open))
        return
    window = st.dialog(_("Misclassified picture"), width="large", on_dismiss=_close)
    window(_large)(rows, table)


def _close() -> None:
    selection.change(open="")


def _large(rows: pd.DataFrame, table: str) -> None:
    # Stepping reruns only this window, which then brings the URL up to date itself.
    selection.write()
    position = rows["id"].tolist().index(selection.get().open)
    row = next(rows.iloc[position : position + 1].itertuples())
    place = _here(row)
    with st.container(horizontal=True, vertical_alignment="center"):
        for step, label, icon in ((-1, _("Previous"), "chevron_left"), (1, _("Next"), "chevron_right")):
            to = position + step
            st.button(
                label,
                icon=f":material/{icon}:",
                key=f"step_{step}",
                disabled=not 0 <= to < len(rows),
                on_click=_stay,
                args=(table,),
                kwargs={"open": rows["id"].iloc[to] if 0 <= to < len(rows) else ""},
            )
        st.markdown(f"{position + 1:,} / {len(rows):,}", width="content")
        st.page_link(
            "app_pages/heatmaps.py",
            label=_("Show its heatmaps"),
            icon=":material/blur_on:",
            query_params=selection.link(**place, sample=(row.id,), open="", table=table),
        )
    left, right = st.columns(2)
    with left:
        picture = data.thumbnails([row.path if isinstance(row.path, str) else None], 900)[0]
        if isinstance(picture, bytes):
            st.image(picture, width="stretch", alt=_text(row.label))
        else:
            error(picture or _(ROW_STATUS.get(row.status, ROW_STATUS["missing"])))
        st.caption(plain(row.id))
    with right:
        st.markdown(_("True class: **{label}**").format(label=plain(_text(row.label))))
        _top_five(row, table, **place)


def _top_five(row: Any, table: str, data: str, split: str) -> None:
    """Show the five most probable classes, and what the other evaluated models said, from the saved evaluations."""
    answers = _answers(row.id, data, split)
    model = table.rsplit("/", 1)[-1] if not table.endswith(".csv") else next(iter(answers), None)
    if model not in answers:
        st.markdown(f"{mark(False)} **{plain(_text(row.predicted))}** {percent(row.confidence)}")
        st.caption(_("No evaluation holds this picture; its heatmaps show what each model says."))
        return
    probabilities = answers[model]
    st.markdown(_("The five most probable classes for **{model}**").format(model=plain(model)))
    for name, value in probabilities.nlargest(5).items():
        right = f" {mark(True)}" if name == row.label else ""
        st.progress(min(1.0, max(0.0, float(value))), text=f"**{plain(name)}** {percent(value)}{right}")
    if len(answers) > 1:
        st.markdown(_("What the other models say"))
        for other, values in answers.items():
            if other != model:
                top = values.idxmax()
                st.markdown(f"{mark(top == row.label)} {plain(other)}: **{plain(top)}** {percent(values[top])}")


def _answers(sample: str, name: str, split: str) -> dict[str, pd.Series]:
    found = {}
    for entry in data.evaluations().values():
        if (entry.data, entry.split) == (name, split):
            with guarded():
                predictions = data.evaluation(entry).predictions
                row = predictions.loc[predictions["id"] == sample]
                if len(row):
                    values = row.iloc[0].filter(regex="^p:").astype(float)
                    found[entry.model] = values.rename(lambda column: column.removeprefix("p:"))
    return found
