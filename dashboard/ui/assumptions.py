"""What is assumed of a model, checked on images: the check itself, and a line beside results."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

import streamlit as st

from carvis.classifier.card import read_card, reading_of
from carvis.dataset import Dataset
from carvis.errors import CarvisError
from carvis.evaluation import AssumptionCheck, check_assumptions, kept_check
from carvis.evaluation.assumptions.result import words_of
from ui import card_form, choice, classifiers, data, selection, work
from ui.i18n import _, n_, of_library
from ui.page import error, guarded
from ui.texts import SPLIT, percent, plain

if TYPE_CHECKING:
    from ui.classifiers import Opened

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
                model.classifier, pictures, full=True, cache=work.cache("assumptions"), progress=watch
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
            on_click=card_form.fill,
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
        "p": f"{row['p']:.2g}" if place else "",
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
        found = _kept(model, pictures, full=False) if pictures else None
        if found and found.warnings:
            against[model.name] = found.warnings
        elif found is None or not found.n:
            unchecked.append(model.name)
    _warn(against)
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
            query_params=selection.link(model=unchecked[:1]),
        )


def beside_kept(names: Iterable[str]) -> None:
    """Say the same beside results that were kept: only models without a full card are opened for it."""
    beside([classifiers.open_model(name) for name in names if not _has_full_card(name)])


def of_evaluations(tables: Iterable[data.Table]) -> None:
    """Say beside evaluations what spoke against the assumptions about their models."""
    against = {}
    for table in tables:
        found = None
        with guarded():
            found = data.evaluation(table).assumption_check if table.is_evaluation else None
        if found:
            against[table.model] = found.messages
    _warn(against)


def _warn(against: dict[str, Iterable[str]]) -> None:
    """Show each finding once, with the names of all models that it holds for."""
    models: dict[str, list[str]] = {}
    for name, sentences in against.items():
        models.setdefault(" ".join(plain(of_library(one)) for one in sentences), []).append(f"**{plain(name)}**")
    for words, names in models.items():
        st.warning(f"{', '.join(names)}: {words}", icon=":material/fact_check:")


def _has_full_card(name: str) -> bool:
    try:
        card = read_card(data.model_files()[name])
    except CarvisError:
        return False
    return bool(card and card.class_names and card.preprocessing and card.resize and not reading_of(card)[1])


def _dataset() -> Dataset | None:
    name = choice.dataset_name()
    try:
        return data.dataset(name) if name else None
    except CarvisError:
        return None


def _kept(model: "Opened", pictures: Dataset, *, full: bool) -> AssumptionCheck | None:
    known = st.session_state.get(_FOUND, {}).get(_key(model, pictures))
    return known or kept_check(model.classifier, pictures, work.cache("assumptions"), full=full)


def _key(model: "Opened", pictures: Dataset) -> tuple:
    clf = model.classifier
    return clf.fingerprint, tuple(clf.class_names), pictures.fingerprint
