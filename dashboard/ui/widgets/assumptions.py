"""Beside results, what speaks against the assumptions about the models that made them."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, TypeVar

import streamlit as st

from carvis.dataset import Dataset
from carvis.evaluation import (
    AssumptionCheck,
    Remarks,
    assumption_remarks,
    card_remarks,
    stored_check,
)
from ui.state import current, evaluations, jobs, selection, unreadable, workspace
from ui.state.i18n import _, n_, of_library
from ui.widgets import commands
from ui.widgets.text import plain

if TYPE_CHECKING:
    from ui.state.models import Opened

_CHECKS = "_assumption_checks"
K = TypeVar("K")
V = TypeVar("V")


def beside(models: Iterable["Opened"]) -> None:
    """Say beside results what speaks against the assumptions about models, or that nobody has checked them."""
    dataset = chosen_dataset()
    against: dict[tuple[Sequence[str], bool], list[str]] = {}
    unchecked = []
    for model in models:
        clf = model.classifier
        if clf is None or not clf.assumed:
            continue
        check = None
        with unreadable.item("result", model.name):
            check = cached_check(model, dataset, full=False) if dataset else None
        if check is None:
            unchecked.append(model.name)
        elif remarks := check.remarks_on(clf.assumed):
            _add(against, (remarks, bool(check.warnings)), model.name)
    for (sentences, grave), names in against.items():
        _show_remarks(names, sentences, grave)
    if unchecked:
        label = n_(
            "{model} has an incomplete card: class names or preprocessing are assumed, not checked.",
            "{model} have incomplete cards: class names or preprocessing are assumed, not checked.",
            len(unchecked),
        )
        # A link's words are cut off at the edge of the page, a caption's are wrapped.
        with st.container(gap="xsmall"):
            st.caption(label.format(model=plain(", ".join(unchecked))))
            st.page_link(
                "app_pages/models.py",
                label=_("Check it on page Models"),
                icon=":material/fact_check:",
                query_params=selection.link(model=tuple(unchecked[:1])),
            )


def _add(groups: dict[K, list[V]], key: K, value: V) -> None:
    groups.setdefault(key, []).append(value)


def _show_remarks(names: list[str], sentences: Iterable[str], grave: bool) -> None:
    """Show a finding once, with the names of all models that it holds for."""
    models = ", ".join(f"**{plain(name)}**" for name in names)
    remarks = " ".join(plain(of_library(sentence)) for sentence in sentences)
    (st.warning if grave else st.info)(f"{models}: {remarks}", icon=":material/fact_check:")


def of_evaluations(tables: Iterable[evaluations.Table], *, only_again: bool = False) -> None:
    """Show beside evaluations what speaks against the assumptions about their models, or what is unknown.

    Args:
        only_again: say no more than which have to be made again.
    """
    groups: dict[Remarks, list[evaluations.Table]] = {}
    for table in tables:
        with unreadable.item("evaluation", table.name):
            remarks = remarks_of(table)
            if remarks and (remarks.outdated or not only_again):
                _add(groups, remarks, table)
    for remarks, affected in groups.items():
        with st.container(gap="xsmall"):
            _show_remarks([table.model for table in affected], remarks.sentences, remarks.grave)
            present = [table for table in affected if table.model in workspace.model_files()]
            if remarks.outdated:
                files = workspace.model_files()
                steps = [commands.evaluate(files[table.model], table.data, table.split) for table in present]
                st.code("\n".join(steps), language="bash", wrap_lines=True)
            elif present:
                st.page_link(
                    "app_pages/models.py",
                    label=_("Check it on page Models"),
                    icon=":material/fact_check:",
                    query_params=selection.link(model=(present[0].model,), data=present[0].data),
                )


def remarks_of(table: evaluations.Table) -> Remarks:
    """Return the remarks on an evaluation; none for a table that is no evaluation."""
    if not table.is_evaluation:
        return Remarks()
    return assumption_remarks(
        evaluations.load(table), workspace.model_files().get(table.model), jobs.cache("assumptions")
    )


def of_models(names: Iterable[str], dataset: str, split: str) -> None:
    """Say of models, without opening them, what speaks against the assumptions about them.

    Args:
        dataset, split: whose evaluations come first.
    """
    evaluated = []
    by_card: dict[Remarks, list[str]] = {}
    for name in names:
        tables = [table for table in evaluations.saved().values() if table.model == name]
        tables.sort(key=lambda table: (table.data != dataset, table.split != split))
        with unreadable.item("card", name):
            if tables:
                evaluated.append(tables[0])
            elif remarks := card_remarks(workspace.model_files()[name]):
                _add(by_card, remarks, name)
    of_evaluations(evaluated)
    for remarks, names_of in by_card.items():
        _show_remarks(names_of, remarks.sentences, remarks.grave)


def mark(name: str, table: evaluations.Table | None) -> str:
    """Say in a word or two for a list of models what is known of the assumptions about one."""
    remarks = remarks_of(table) if table else card_remarks(workspace.model_files()[name])
    if not remarks:
        return "✓"
    if remarks.outdated:
        return _("⚠ evaluate again")
    return _("⚠ probably wrong") if remarks.grave else _("? cannot tell")


def chosen_dataset() -> Dataset | None:
    """Open the chosen data set; None where there is none or it cannot be read."""
    name = current.dataset_name()
    with unreadable.item("data set", name):
        return workspace.dataset(name) if name else None
    return None


def cached_check(model: "Opened", dataset: Dataset, *, full: bool) -> AssumptionCheck | None:
    """Return what a check of a model on a data set found; None where it was not checked.

    Args:
        full: count only a check of every assumption.
    """
    remembered = st.session_state.get(_CHECKS, {}).get(key(model, dataset))
    return remembered or stored_check(model.clf, dataset, jobs.cache("assumptions"), full=full)


def remember(model: "Opened", dataset: Dataset, check: AssumptionCheck) -> None:
    """Keep what a check found for this session."""
    st.session_state.setdefault(_CHECKS, {})[key(model, dataset)] = check


def key(model: "Opened", dataset: Dataset) -> tuple:
    """Name a check by what decides what it finds."""
    clf = model.clf
    return clf.fingerprint, tuple(clf.class_names), dataset.fingerprint
