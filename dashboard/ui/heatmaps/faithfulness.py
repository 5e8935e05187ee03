"""Testing the heatmaps of page Heatmaps: on request, with a badge on each heatmap and its curves when opened."""

from typing import TYPE_CHECKING, Literal

import altair as alt
import pandas as pd
import streamlit as st

from carvis.explain.faithfulness_metrics.verdict import (
    UNCHANGED_NAME,
    UNCHANGED_SENTENCE,
    VERDICT_NAMES,
    VERDICT_SENTENCES,
)
from carvis.progress import Progress, partial_progress
from carvis.workspace import content_hash
from ui.heatmaps.heatmap_row import HeatmapRow
from ui.state import jobs, unreadable
from ui.state.i18n import N_, _, of_library
from ui.state.models import Opened, stamp_of
from ui.state.rates import Work
from ui.widgets.chart import cached_chart
from ui.widgets.job import on_request
from ui.widgets.text import percent, plain

if TYPE_CHECKING:
    from carvis.explain.faithfulness_metrics.result import Faithfulness

_BADGES: dict[str, tuple[str, Literal["green", "orange", "gray"]]] = {
    "better": (":material/verified:", "green"),
    "not-better": (":material/report:", "orange"),
    "no-evidence": (":material/visibility_off:", "gray"),
}
_LINES = {"map": N_("this heatmap"), "random": N_("random map"), "blob": N_("centred blob")}


def offer(rows: list[HeatmapRow], opened: dict[str, Opened]) -> None:
    """Offer to test the untested heatmaps of the page; results are kept when it is stopped."""
    untested = [(row, name) for row in rows for name in row.heatmaps if not _is_tested(row, opened[name])]
    if not untested:
        return

    def make(progress: Progress) -> bool:
        from carvis.explain import faithfulness

        for number, (row, name) in enumerate(untested):
            model, arguments = opened[name], ([row.source_for(opened[name])], [row.heatmaps[name]])
            with model.lock:
                results = faithfulness(
                    model.clf,
                    *arguments,
                    cache=jobs.cache("faithfulness"),
                    progress=partial_progress(
                        progress, 100 * number / len(untested), 100 * (number + 1) / len(untested)
                    ),
                )
            # The workspace may be one that cannot be written.
            _session()[key_of(row, model)] = results[0]
        return True

    key = content_hash([key_of(row, opened[name]) for row, name in untested])
    note = _("Erases and restores the pixels of each image in the order of its heatmap.")
    work = Work(("faithfulness", [opened[name].clf.fingerprint for name in opened]), len(untested))
    on_request(key, _("Test these heatmaps"), make, note, primary=False, keeps=False, work=work)


def _session() -> dict:
    return st.session_state.setdefault("_tested_heatmaps", {})


def key_of(row: HeatmapRow, model: Opened) -> str:
    """Return the key of the test of one model's heatmap: a hash of everything that decides its result."""
    heatmap = row.heatmaps[model.name]
    settings = [heatmap.method, heatmap.layer, heatmap.target, heatmap.against, heatmap.gamma, heatmap.score_kind]
    identity = model.clf.fingerprint, stamp_of(row.sample), content_hash(heatmap.raw, settings)
    return _cached_key(*identity, _row=row, _model=model)


@st.cache_data(max_entries=1024, show_spinner=False)
def _cached_key(fingerprint: str, stamp: object, heatmap: str, *, _row: HeatmapRow, _model: Opened) -> str:
    from carvis.explain.faithfulness_metrics.cache import faithfulness_key

    # It reads the image: of a photograph, a second at each run of the page.
    return faithfulness_key(_model.clf, _row.source_for(_model), _row.heatmaps[_model.name])


def load(row: HeatmapRow, model: Opened) -> "Faithfulness | None":
    """Return the test result of one model's heatmap, None where it was not tested."""
    from carvis.explain.faithfulness_metrics.cache import stored_faithfulness

    key = key_of(row, model)
    return _session().get(key) or stored_faithfulness(jobs.cache("faithfulness"), key)


def _is_tested(row: HeatmapRow, model: Opened) -> bool:
    # What is kept and cannot be read is tested again, and the page names it.
    with unreadable.item("result", model.name):
        return load(row, model) is not None
    return False


def show(row: HeatmapRow, name: str, result: "Faithfulness") -> None:
    """Show the badge below a heatmap, and its curves when opened."""
    with row.slots[name], st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
        icon, colour = _BADGES[result.verdict]
        badge, sentence = of_library(VERDICT_NAMES[result.verdict]), of_library(VERDICT_SENTENCES[result.verdict])
        st.badge(badge, icon=icon, color=colour, help=sentence)
        if result.randomisation and not result.randomisation.passed:
            badge, sentence = of_library(UNCHANGED_NAME), of_library(UNCHANGED_SENTENCE)
            st.badge(badge, icon=":material/report:", color="orange", help=sentence)
        key = f"curves_{row.number}_{name}"
        window = st.popover(_("Curves"), type="tertiary", key=key, on_change="rerun")
        if window.open:
            with window:
                _details(result)


def _details(result: "Faithfulness") -> None:
    trials = {"map": result.own, **result.baselines}
    curves = {
        name: {"deletion": trial.curves.deletion.tolist(), "insertion": trial.curves.insertion.tolist()}
        for name, trial in trials.items()
    }
    st.vega_lite_chart(_chart(curves), width="content")
    table = {
        _(_LINES[name]): [
            f"{trial.curves.deletion_area:.2f}",
            f"{trial.curves.insertion_area:.2f}",
            percent(trial.drop),
            percent(trial.increase),
        ]
        for name, trial in trials.items()
    }
    facts = [
        _("area under the deletion curve"),
        _("area under the insertion curve"),
        _("confidence drop, evidence only"),
        _("confidence increases"),
    ]
    st.table(pd.DataFrame(table, index=facts), border="horizontal")
    if check := result.randomisation:
        sentence = _(
            "With random weights from the top down to {layer}, the heatmap's rank correlation with the original is {n}."
        )
        st.caption(sentence.format(layer=plain(check.layers[-1]), n=f"{check.last:.2f}"))


@cached_chart
def _chart(trials: dict[str, dict[str, list[float]]]) -> alt.FacetChart:
    kinds = {"deletion": _("deletion, strongest evidence first"), "insertion": _("insertion, strongest evidence first")}
    rows = [
        (kinds[kind], _(_LINES[name]), 100 * step / (len(curve) - 1), 100 * float(value))
        for name, curves in trials.items()
        for kind, curve in curves.items()
        for step, value in enumerate(curve)
    ]
    table = pd.DataFrame(rows, columns=["kind", "line", "share", "confidence"])
    names = [_(text) for text in _LINES.values()]
    line = (
        alt.Chart(table)
        .mark_line()
        .encode(
            x=alt.X("share:Q", title=_("share of the image in %"), scale=alt.Scale(domain=[0, 100])),
            y=alt.Y("confidence:Q", title=_("confidence in %"), scale=alt.Scale(domain=[0, 100])),
            color=alt.Color("line:N", title=None, sort=names, scale=alt.Scale(range=["#2f6fb0", "#999999", "#c77d1e"])),
            strokeDash=alt.StrokeDash("line:N", title=None, sort=names),
        )
        .properties(width=210, height=170)
    )
    return line.facet(alt.Facet("kind:N", title=None, sort=list(kinds.values())), columns=2)


def table(rows: list[HeatmapRow], results: dict) -> pd.DataFrame:
    """Return the results of all tested heatmaps: one row per image and model."""
    return pd.DataFrame(
        [
            {"image": rows[number].sample.id, "model": name, **result.facts()}
            for (number, name), result in results.items()
        ]
    )
