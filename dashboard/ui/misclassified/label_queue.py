"""The queue of label issues: one image at a time, confirmed or rejected by key."""

from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from carvis.evaluation import corrected_list
from carvis.evaluation.alignment import Joined
from carvis.tables import to_csv
from ui.misclassified import label_evidence
from ui.misclassified.selection import MisclassifiedSelection
from ui.state import current, evaluations, label_issues, selection, unreadable, workspace
from ui.state.i18n import N_, _, n_, shown_as, translated
from ui.state.thumbnails import thumbnails
from ui.state.widget_values import careful
from ui.widgets import commands, stale_warning, tag_editor
from ui.widgets.download import download
from ui.widgets.layout import empty, error, guarded, part
from ui.widgets.stepper import steps
from ui.widgets.text import marked_up, plain

QUEUES = {
    "above": N_("Contradicted by most"),
    "all": N_("Contradicted by any"),
    "confirmed": N_("Label is wrong"),
    "rejected": N_("Label is right"),
}
_LISTED = 200


def show() -> None:
    """Show the queue of the chosen data set and split."""
    tables = evaluations.on(*_place())
    if not tables:
        empty(
            _("No label issues to show yet"),
            _("Evaluate one or more models on this split, ideally on images they were not trained on."),
            commands.evaluate(None),
        )
        return
    bar = st.container(horizontal=True, vertical_alignment="bottom")
    voting = _choose_models(tables, bar)
    joined = errors = None
    if not voting:
        return
    with guarded():
        joined, errors = label_issues.found(voting)
    if errors is None:
        return
    stale_warning.say(voting)
    with bar:
        st.selectbox(
            _("Show"),
            list(QUEUES),
            format_func=shown_as(translated(QUEUES)),
            **selection.control("queue", selection.get(MisclassifiedSelection).queue),
        )
    for note in errors.attrs["notes"]:
        st.caption(f":material/info: {marked_up(note)}")
    _image(joined, errors)


def _place() -> tuple[str, str]:
    return current.dataset_name(), current.split()


def _choose_models(tables: dict[str, evaluations.Table], bar: Any) -> list[evaluations.Table]:
    """Offer the voting models; by default those that are right at least half of the time."""
    chosen = [name for name in selection.get(MisclassifiedSelection).model if name in tables]
    if not chosen:
        chosen = label_issues.voting(tables)
    bar.multiselect(
        _("Voting models"),
        list(tables),
        help=_("Default: models with an accuracy of at least 50 %."),
        width="stretch",
        wrap=True,
        **selection.control("model", chosen),
    )
    # A chosen evaluation that cannot be read says why.
    for name in chosen:
        if reason := current.why_not(tables[name]):
            error(reason)
    return [tables[name] for name in chosen if current.evaluation(tables[name])]


@st.fragment
@part
def _image(joined: Joined, errors: pd.DataFrame) -> None:
    """Show one image of the queue; a step or a decision reruns only this."""
    selection.write()
    name, _split = _place()
    decisions = pd.DataFrame(columns=["suggested", "decision", "time"])
    with unreadable.item("tags", tag_editor.FILE):
        decisions = tag_editor.store().decisions(name, errors)
    rows = _queued(errors, decisions)
    _progress(errors, decisions, joined)
    if rows.empty:
        if selection.get(MisclassifiedSelection).queue == "above":
            st.success(_("No label is contradicted by most models."), icon=":material/check_circle:")
        else:
            st.info(_("No such images."), icon=":material/filter_alt_off:")
        return
    ids = rows["id"]
    undecided = np.flatnonzero(~ids.isin(decisions.index).to_numpy(bool))
    opened = np.flatnonzero((ids == selection.get(MisclassifiedSelection).open).to_numpy(bool))
    position = int(opened[0] if len(opened) else undecided[0] if len(undecided) else 0)
    sample = ids.iloc[position]
    row: Any = next(rows.iloc[position : position + 1].assign(data=name).itertuples())
    path = None
    with guarded():
        path = str(workspace.dataset(name).resolve(row.path))
    row = row._replace(path=path)
    decision = decisions["decision"].get(sample)
    corrected = decisions["suggested"].get(sample) if decision == "confirmed" else None
    left, right = st.columns([3, 2])
    with left:
        image = thumbnails([path], 900)[0]
        if isinstance(image, bytes):
            alt = _("Labelled {label}; the models suggest {suggested}.")
            st.image(image, width="stretch", alt=alt.format(label=row.label, suggested=row.suggested))
        elif image:
            error(image)
        st.caption(plain(sample))
        tag_editor.replaced_since(row)
    with right:
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            steps(ids, position, "queue_step", lambda to: selection.change(open=to))
        label = _right_label(row, decision, corrected, joined)
        _verdict(row, label, decision, ids, position, undecided)
        label_evidence.predictions(row, joined)
        with st.expander(_("Tags and note"), type="compact"):
            label_evidence.tags(row)
    label_evidence.examples(row, joined)
    _list(rows, decisions, position)


def _queued(errors: pd.DataFrame, decisions: pd.DataFrame) -> pd.DataFrame:
    queue = selection.get(MisclassifiedSelection).queue
    if queue == "above":
        return errors[errors["above"]]
    if queue == "all":
        return errors
    return errors[errors["id"].isin(decisions.index[decisions["decision"] == queue])]


def _progress(errors: pd.DataFrame, decisions: pd.DataFrame, joined: Joined) -> None:
    above = errors.loc[errors["above"], "id"]
    n_decided = int(above.isin(decisions.index).sum())
    sentence = n_(
        "Most models contradict {n} label: {done} decided. Confirmed wrong in total: {wrong}.",
        "Most models contradict {n} labels: {done} decided. Confirmed wrong in total: {wrong}.",
        len(above),
    )
    n_confirmed = int((decisions["decision"] == "confirmed").sum())
    sentence = sentence.format(n=f"{len(above):,}", done=f"{n_decided:,}", wrong=f"{n_confirmed:,}")
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(sentence, width="content")
        download(
            _("Corrected labels"),
            lambda: to_csv(corrected_list(joined, errors, decisions)).encode("utf-8-sig"),
            "corrected.csv",
            key="corrected_list",
            help=_(
                "Every image of the split with id, path, label, suggested, decision and corrected label. The "
                "data set is not changed."
            ),
        )
        download(
            _("Numbers"),
            lambda: to_csv(errors.drop(columns=["models"])).encode("utf-8-sig"),
            "label_errors.csv",
            key="label_errors",
        )


def _right_label(row: Any, decision: str | None, corrected: str | None, joined: Joined) -> str:
    """Show the label and what the models suggest; return what it should be, which a person may choose otherwise."""
    label, suggested = st.columns(2)
    label.markdown(f":small[{_('Label in the data set')}]  \n**{plain(row.label)}**")
    suggested.markdown(f":small[{_('Suggested label')}]  \n**{plain(row.suggested)}**")
    names = [name for name in next(iter(joined.evaluations.values())).class_names if name != row.label]
    options = list(dict.fromkeys([row.suggested, *names, ""]))
    names_shown = {name: name or _("none of these classes") for name in options}
    key = selection.spoken(f"right_label_{row.id}")
    if key not in st.session_state:
        st.session_state[key] = row.suggested if corrected is None else corrected
    return st.selectbox(
        _("Correct label"),
        options,
        format_func=shown_as(names_shown),
        key=key,
        on_change=careful(_relabel) if decision == "confirmed" else None,
        args=(row, key),
    )


def _relabel(row: Any, key: str) -> None:
    tag_editor.change("decide", row, row.label, st.session_state[key], "confirmed")


def _verdict(
    row: Any, right_label: str, decision: str | None, ids: pd.Series, position: int, undecided: np.ndarray
) -> None:
    # On to the next undecided one, from the end back to the first; where all are decided, to the next.
    others = undecided[undecided != position]
    later = others[np.searchsorted(others, position) :]
    to = later[0] if len(later) else others[0] if len(others) else min(position + 1, len(ids) - 1)
    after = ids.iloc[to]
    with st.container(horizontal=True, gap="small"):
        for value, label, icon, shortcut in (
            ("confirmed", _("Label is wrong"), "flag", "Y"),
            ("rejected", _("Label is right"), "check", "N"),
        ):
            st.button(
                label,
                icon=f":material/{icon}:",
                key=f"decide_{value}",
                shortcut=shortcut,
                type="primary" if decision == value else "secondary",
                on_click=careful(_decide),
                args=(row, right_label if value == "confirmed" else row.suggested, value, after),
            )
        if decision:
            st.button(
                _("Undo"),
                icon=":material/undo:",
                key="decide_none",
                type="tertiary",
                on_click=careful(_decide),
                args=(row, row.suggested, None, row.id),
            )


def _decide(row: Any, right_label: str, decision: str | None, after: str) -> None:
    if tag_editor.change("decide", row, row.label, right_label, decision):
        selection.change(open=after)


def _list(rows: pd.DataFrame, decisions: pd.DataFrame, position: int) -> None:
    """List the images around the open one."""
    start = max(0, min(position - 20, len(rows) - _LISTED))
    part = rows.iloc[start : start + _LISTED]
    decision_names = translated(QUEUES)
    table = pd.DataFrame(
        {
            "": range(start + 1, start + 1 + len(part)),
            _("Image"): part["id"].str.rsplit("/", n=1).str[-1].to_numpy(),
            _("Label in the data set"): part["label"].to_numpy(),
            _("Suggested label"): part["suggested"].to_numpy(),
            _("Score"): part["score"].to_numpy(),
            _("Models"): part["agree"].to_numpy(),
            _("Decision"): [decision_names.get(decisions["decision"].get(sample), "") for sample in part["id"]],
        }
    )
    with st.expander(_("Queue"), type="compact"):
        format_score = {_("Score"): st.column_config.NumberColumn(format="%.2f")}
        st.dataframe(table, hide_index=True, height=320, column_config=format_score)
