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
from ui.state.rates import Work
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
    check = assumptions.cached_check(model, dataset, full=True)
    if check is not None:
        _show(model, check)
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
            work=Work(("assumptions", model.clf.fingerprint), 1),
        )


def _check(model: Opened, dataset: Dataset, progress: Progress) -> AssumptionCheck:
    with model.lock:
        check = check_assumptions(model.clf, dataset, full=True, cache=jobs.cache("assumptions"), progress=progress)
    # In a workspace that cannot be written, what was found is there for this session.
    assumptions.remember(model, dataset, check)
    return check


def are_checked(model: Opened) -> bool:
    """Tell whether what is assumed of a model was checked to the end on the chosen data set."""
    dataset = assumptions.chosen_dataset()
    return bool(dataset and assumptions.cached_check(model, dataset, full=True))


def _show(model: Opened, check: AssumptionCheck) -> None:
    better, facts = bool(check.changes), check.changes | check.settled
    kind = st.warning if check.warnings else st.info
    kind("\n\n".join(plain(of_library(sentence)) for sentence in check.messages), icon=":material/fact_check:")
    if not check.n:
        return
    with st.expander(
        n_("Assumptions tested on {n} image", "Assumptions tested on {n} images", check.n).format(n=check.n),
        type="compact",
    ):
        st.dataframe(
            [_row(row, i) for i, row in enumerate(check.shown().to_dict("records"))],
            hide_index=True,
            height="content",
            alt=_("Correct predictions under each assumption"),
        )
        splits = ", ".join(_(SPLIT[split]) for split in check.splits)
        st.caption(_("Images from {where}; {seconds} s.").format(where=splits, seconds=f"{check.seconds:.0f}"))
    if facts:
        st.button(
            _("Fill these into the card") if better else _("Fill what is certain into the card"),
            icon=":material/south:",
            key=f"assumptions_use_{model.name}",
            on_click=careful(card_form.fill),
            args=(model.name, facts),
        )


def _row(row: dict, number: int) -> dict:
    verdicts = {
        "clearly better": _("clearly better"),
        "clearly worse": _("clearly worse"),
        "cannot tell": _("cannot tell"),
        "assumed": _("as assumed"),
    }
    assumption = of_library(assumption_name(row["assumption"], row["value"])) if number else verdicts["assumed"]
    return {
        _("Assumption"): assumption,
        _("Correct"): f"{row['right']} / {row['n']}",
        _("Accuracy"): percent(row["accuracy"]),
        "p": f"{row['p']:.2g}" if row["verdict"] != "assumed" else "",
        _("Verdict"): verdicts.get(row["verdict"], row["verdict"]) if number else "",
    }
