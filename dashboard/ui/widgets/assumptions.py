"""What is assumed of a model, checked on images: the check itself, and a line beside results."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

import streamlit as st

from carvis.dataset import Dataset
from carvis.errors import CarvisError
from carvis.evaluation import (
    AssumptionCheck,
    Remarks,
    assumption_remarks,
    card_remarks,
    check_assumptions,
    kept_check,
)
from carvis.evaluation.assumptions.words import words_of
from ui.models import card_form
from ui.state import current, data, jobs, selection
from ui.state.i18n import _, n_, of_library
from ui.state.widget_values import careful
from ui.widgets import commands, unreadable
from ui.widgets.layout import error
from ui.widgets.text import SPLIT, percent, plain

if TYPE_CHECKING:
    from ui.state.classifiers import Opened

_FOUND = "_assumption_checks"
_VERDICTS = {"clearly better", "clearly worse", "cannot tell"}


def offer(model: "Opened") -> None:
    """Offer to check what is assumed of a model on the chosen data set, or show what was found."""
    pictures = _dataset()
    if pictures is None:
        return
    found = _kept(model, pictures, full=True)
    if found is None:
        with st.container(horizontal=True, vertical_alignment="center"):
            go = st.button(
                _("Check on images of {data}").format(data=plain(pictures.name)),
                icon=":material/fact_check:",
                key=f"assumptions_check_{model.name}",
            )
            st.caption(_("Tries every preprocessing, class order and resize on up to 200 images."), width="content")
        if not go:
            return
        if _run(model, pictures) is not None:
            st.rerun()
        return
    _show(model, found)


def are_checked(model: "Opened") -> bool:
    """Tell whether what is assumed of a model was checked to the end on the chosen data set."""
    pictures = _dataset()
    return bool(pictures and _kept(model, pictures, full=True))


def _run(model: "Opened", pictures: Dataset) -> AssumptionCheck | None:
    bar = st.progress(0.0, text=_("Getting ready …"))

    def watch(done: int, total: int) -> None:
        bar.progress(min(1.0, done / max(total, 1)), text=_("{share} done").format(share=f"{done / max(total, 1):.0%}"))

    try:
        with model.lock:
            found = check_assumptions(
                model.classifier, pictures, full=True, cache=jobs.cache("assumptions"), progress=watch
            )
    except CarvisError as problem:
        error(problem)
        return None
    finally:
        bar.empty()
    # In a workspace that cannot be written, what was found is there for this session.
    st.session_state.setdefault(_FOUND, {})[_key(model, pictures)] = found
    return found


def _show(model: "Opened", found: AssumptionCheck) -> None:
    better, known = bool(found.changes), found.changes | found.settled
    kind = st.warning if found.warnings else st.info
    kind("\n\n".join(plain(of_library(sentence)) for sentence in found.messages), icon=":material/fact_check:")
    if not found.n:
        return
    with st.expander(
        n_("What was tried, on {n} image", "What was tried, on {n} images", found.n).format(n=found.n), type="compact"
    ):
        st.dataframe(
            [_row(row, i) for i, row in enumerate(found.shown().to_dict("records"))],
            hide_index=True,
            height="content",
            alt=_("How many images are right under each assumption"),
        )
        where = ", ".join(_(SPLIT[split]) for split in found.splits)
        st.caption(_("Images of {where}; {seconds} s.").format(where=where, seconds=f"{found.seconds:.0f}"))
    if known:
        st.button(
            _("Use these in the card") if better else _("Take what is certain into the card"),
            icon=":material/south:",
            key=f"assumptions_use_{model.name}",
            on_click=careful(card_form.fill),
            args=(model.name, known),
        )


def _row(row: dict, place: int) -> dict:
    words = {
        "clearly better": _("clearly better"),
        "clearly worse": _("clearly worse"),
        "cannot tell": _("cannot tell"),
        "assumed": _("as assumed"),
    }
    assumption = of_library(words_of(row["assumption"], row["value"])) if place else words["assumed"]
    return {
        _("Assumption"): assumption,
        _("Right"): f"{row['right']} / {row['n']}",
        _("Accuracy"): percent(row["accuracy"]),
        "p": f"{row['p']:.2g}" if row["verdict"] != "assumed" else "",
        _("Verdict"): words.get(row["verdict"], row["verdict"]) if place else "",
    }


def beside(models: Iterable["Opened"]) -> None:
    """Say beside results what speaks against the assumptions about models, or that nobody has checked them."""
    pictures = _dataset()
    against, unchecked = {}, []
    for model in models:
        clf = model.classifier
        if clf is None or not clf.assumed:
            continue
        found = None
        with unreadable.item("result", model.name):
            found = _kept(model, pictures, full=False) if pictures else None
        said = found.remarks_on(clf.assumed) if found else ()
        if found and said:
            _add(against, (said, bool(found.warnings)), model.name)
        elif found is None:
            unchecked.append(model.name)
    for (said, grave), names in against.items():
        _say(names, said, grave)
    if unchecked:
        words = n_(
            "{model} has no full card: class names or preprocessing are assumed and not checked.",
            "{model} have no full card: class names or preprocessing are assumed and not checked.",
            len(unchecked),
        )
        st.page_link(
            "app_pages/models.py",
            label=words.format(model=plain(", ".join(unchecked))),
            icon=":material/fact_check:",
            query_params=selection.link(model=tuple(unchecked[:1])),
        )


def _add(groups: dict, key, value) -> None:
    groups.setdefault(key, []).append(value)


def _say(names: list[str], sentences: Iterable[str], grave: bool) -> None:
    """Show a finding once, with the names of all models that it holds for."""
    who = ", ".join(f"**{plain(name)}**" for name in names)
    words = " ".join(plain(of_library(sentence)) for sentence in sentences)
    (st.warning if grave else st.info)(f"{who}: {words}", icon=":material/fact_check:")


def of_evaluations(tables: Iterable[data.Table], *, only_again: bool = False) -> None:
    """Say beside evaluations what speaks against the assumptions about their models, or what cannot be told.

    Args:
        only_again: say no more than which have to be made again.
    """
    groups: dict[Remarks, list[data.Table]] = {}
    for table in tables:
        with unreadable.item("evaluation", table.name):
            remarks = remarks_of(table)
            if remarks and (remarks.again or not only_again):
                _add(groups, remarks, table)
    for remarks, found in groups.items():
        with st.container(gap="xsmall"):
            _say([table.model for table in found], remarks.sentences, remarks.grave)
            here = [table for table in found if table.model in data.model_files()]
            if remarks.again:
                lines = [commands.evaluate(data.model_files()[one.model], one.data, one.split) for one in here]
                st.code("\n".join(lines), language="bash", wrap_lines=True)
            elif here:
                st.page_link(
                    "app_pages/models.py",
                    label=_("Check it on page Models"),
                    icon=":material/fact_check:",
                    query_params=selection.link(model=(here[0].model,), data=here[0].data),
                )


def remarks_of(table: data.Table) -> Remarks:
    """Return what has to be said beside an evaluation; nothing for a table that is none."""
    if not table.is_evaluation:
        return Remarks()
    return assumption_remarks(data.evaluation(table), data.model_files().get(table.model), jobs.cache("assumptions"))


def of_models(names: Iterable[str], pictures: str, split: str) -> None:
    """Say of models, without opening them, what speaks against the assumptions about them.

    Args:
        pictures, split: the data set and split whose evaluations are looked at first.
    """
    evaluated, by_card = [], {}
    for name in names:
        found = [table for table in data.evaluations().values() if table.model == name]
        found.sort(key=lambda table: (table.data != pictures, table.split != split))
        with unreadable.item("card", name):
            if found:
                evaluated.append(found[0])
            elif remarks := card_remarks(data.model_files()[name]):
                _add(by_card, remarks, name)
    of_evaluations(evaluated)
    for remarks, names_of in by_card.items():
        _say(names_of, remarks.sentences, remarks.grave)


def mark(name: str, table: data.Table | None) -> str:
    """Say in a word or two for a list of models what is known of the assumptions about one."""
    remarks = remarks_of(table) if table else card_remarks(data.model_files()[name])
    if not remarks:
        return "✓"
    if remarks.again:
        return _("⚠ evaluate again")
    return _("⚠ probably wrong") if remarks.grave else _("? cannot tell")


def _dataset() -> Dataset | None:
    name = current.dataset_name()
    with unreadable.item("data set", name):
        return data.dataset(name) if name else None
    return None


def _kept(model: "Opened", pictures: Dataset, *, full: bool) -> AssumptionCheck | None:
    known = st.session_state.get(_FOUND, {}).get(_key(model, pictures))
    return known or kept_check(model.classifier, pictures, jobs.cache("assumptions"), full=full)


def _key(model: "Opened", pictures: Dataset) -> tuple:
    clf = model.classifier
    return clf.fingerprint, tuple(clf.class_names), pictures.fingerprint
