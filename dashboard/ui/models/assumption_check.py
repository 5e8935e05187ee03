"""The check of what is assumed of a model, on images of the chosen data set: offered, shown, taken into the card."""

import streamlit as st

from carvis.dataset import Dataset
from carvis.evaluation import AssumptionCheck, check_assumptions
from carvis.evaluation.assumptions.fact_names import assumption_name
from carvis.progress import Progress
from ui.models import card_form
from ui.state import jobs
from ui.state.i18n import _, n_, of_library
from ui.state.models import Opened
from ui.state.widget_values import careful
from ui.widgets import assumptions
from ui.widgets.job import on_request
from ui.widgets.layout import guarded
from ui.widgets.text import SPLIT, percent, plain


def offer(model: Opened) -> None:
    """Offer to check what is assumed of a model on the chosen data set, or show what was found."""
    dataset = assumptions.chosen_dataset()
    if dataset is None:
        return
    found = assumptions.kept(model, dataset, full=True)
    if found is not None:
        _show(model, found)
        return
    with guarded():
        on_request(
            repr(("assumptions", assumptions.key(model, dataset))),
            _("Check on images of {data}").format(data=plain(dataset.name)),
            lambda progress: _check(model, dataset, progress),
            _("Tests every preprocessing, class order and resize on up to 200 images."),
            keeps=False,
            primary=False,
            icon="fact_check",
        )


def _check(model: Opened, dataset: Dataset, progress: Progress) -> AssumptionCheck:
    with model.lock:
        found = check_assumptions(model.clf, dataset, full=True, cache=jobs.cache("assumptions"), progress=progress)
    # In a workspace that cannot be written, what was found is there for this session.
    assumptions.remember(model, dataset, found)
    return found


def are_checked(model: Opened) -> bool:
    """Tell whether what is assumed of a model was checked to the end on the chosen data set."""
    dataset = assumptions.chosen_dataset()
    return bool(dataset and assumptions.kept(model, dataset, full=True))


def _show(model: Opened, found: AssumptionCheck) -> None:
    better, known = bool(found.changes), found.changes | found.settled
    kind = st.warning if found.warnings else st.info
    kind("\n\n".join(plain(of_library(sentence)) for sentence in found.messages), icon=":material/fact_check:")
    if not found.n:
        return
    with st.expander(
        n_("Assumptions tested on {n} image", "Assumptions tested on {n} images", found.n).format(n=found.n),
        type="compact",
    ):
        st.dataframe(
            [_row(row, i) for i, row in enumerate(found.shown().to_dict("records"))],
            hide_index=True,
            height="content",
            alt=_("Correct predictions under each assumption"),
        )
        where = ", ".join(_(SPLIT[split]) for split in found.splits)
        st.caption(_("Images from {where}; {seconds} s.").format(where=where, seconds=f"{found.seconds:.0f}"))
    if known:
        st.button(
            _("Fill these into the card") if better else _("Fill what is certain into the card"),
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
    assumption = of_library(assumption_name(row["assumption"], row["value"])) if place else words["assumed"]
    return {
        _("Assumption"): assumption,
        _("Correct"): f"{row['right']} / {row['n']}",
        _("Accuracy"): percent(row["accuracy"]),
        "p": f"{row['p']:.2g}" if row["verdict"] != "assumed" else "",
        _("Verdict"): words.get(row["verdict"], row["verdict"]) if place else "",
    }
