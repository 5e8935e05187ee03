"""What page Models says of an open model: facts, accuracy, what was assumed, its card, its layers."""

from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from carvis.tables import to_csv
from ui.models import assumption_check, card_form
from ui.state import evaluations, selection
from ui.state.i18n import _, of_library
from ui.state.models import Opened
from ui.widgets import commands, stale_warning
from ui.widgets.download import download
from ui.widgets.layout import guarded
from ui.widgets.text import SPLIT, percent, plain

if TYPE_CHECKING:
    from carvis.classifier import Classifier


def _tokens(clf: "Classifier") -> dict[str, str]:
    """Say how the tokens of a transformer are laid on a grid; nothing of another model."""
    if clf.default_layer is None:
        return {_("Default layer"): plain(of_library(clf.layer_graph.why_no_default))}
    notes = clf.layer_graph.token_notes(clf.default_layer)
    return {_("Tokens"): plain(" ".join(map(of_library, notes)))} if notes else {}


def show(opened: Opened, path: Path) -> None:
    """Show a model that is open.

    Args:
        path: its file.
    """
    name = opened.name
    clf = opened.clf
    totals = clf.totals()
    facts = {
        _("File"): plain(f"{path.name} ({path.stat().st_size / 1e6:.1f} MB)"),
        _("Input"): card_form.input_size(clf),
        _("Preprocessing"): f"{plain(clf.preprocessing)}: {card_form.description('preprocessing', clf.preprocessing)}",
        _("Resize"): _("by the model itself") if clf.native_size else plain(clf.resize),
        _("Image reading"): "; ".join(
            (card_form.description("alpha", clf.alpha), card_form.description("orientation", clf.orientation))
        ),
        _("Output"): f"{plain(clf.output)}: {card_form.description('output', clf.output)}",
        _("Parameters"): _("{n} ({trainable} trainable, {frozen} frozen)").format(
            n=f"{totals.parameters:,}", trainable=f"{totals.trainable:,}", frozen=f"{totals.frozen:,}"
        ),
        _("Number of layers"): f"{totals.layers:,}",
        _("Default layer"): plain(clf.default_layer or "–"),
        **_tokens(clf),
        _("Fingerprint"): f"`{clf.fingerprint[:16]}`",
    }
    card = clf.card
    if card:
        if card.recipe:
            facts[_("Recipe")] = plain(card.recipe)
        if card.parent:
            facts[_("Parent model")] = plain(card.parent)
        if card.dataset:
            facts[_("Trained on")] = plain(card.dataset)
        if card.notes:
            facts[_("Notes")] = plain(card.notes)
    left, right = st.columns([3, 2], gap="large")
    with left:
        st.subheader(_("Properties"), anchor=False)
        st.table(facts, border="horizontal", alt=_("Properties of the model {model}").format(model=name))
    with right:
        st.subheader(_("Accuracy"), anchor=False)
        evaluated = [table for table in evaluations.saved().values() if table.model == path.stem]
        for table in evaluated:
            with guarded():
                evaluation = evaluations.load(table)
                low, high = evaluation.metrics["accuracy_interval"]
                st.metric(
                    f"{plain(table.data)} · {_(SPLIT[table.split])} ({evaluation.metrics['n']})",
                    percent(evaluation.accuracy),
                    help=_("95 % CI: {low} to {high}").format(low=percent(low), high=percent(high)),
                )
        # Once checked, the card form shows the result.
        stale_warning.say(evaluated, checked_below=bool(clf.assumptions) and assumption_check.are_checked(opened))
        if not evaluated:
            st.caption(_("Not evaluated yet:"))
            st.code(commands.evaluate(path), language="bash", wrap_lines=True)
        st.page_link(
            "app_pages/heatmaps.py",
            label=_("See where this model looks"),
            icon=":material/blur_on:",
            query_params=selection.link(model=(name,)),
        )
        with st.expander(_("{n} classes").format(n=len(clf.class_names)), type="compact"):
            st.markdown(", ".join(plain(class_name) for class_name in clf.class_names))
    if clf.assumptions:
        with st.container(border=True):
            st.markdown(_("**Notes on this file**") if card else _("**No model card: the following is assumed**"))
            st.markdown("\n".join(f"- {plain(sentence)}" for sentence in map(of_library, clf.assumptions)))
            assumption_check.offer(opened)
            card_form.show(opened, path)
    st.subheader(_("Layers"), anchor=False)
    with guarded():
        st.dataframe(
            clf.layer_table(),
            hide_index=True,
            height="content",
            column_config={
                "name": st.column_config.TextColumn(_("Layer"), pinned=True, width="medium"),
                "type": st.column_config.TextColumn(_("Type"), width=190),
                "output_shape": st.column_config.TextColumn(_("Output shape")),
                "parameters": st.column_config.NumberColumn(_("Parameters"), format="localized"),
                "trainable": st.column_config.CheckboxColumn(_("Trainable")),
                "explainable": st.column_config.CheckboxColumn(_("Explainable")),
                "branch": st.column_config.CheckboxColumn(
                    _("One of several branches"), help=_("Other paths from input to output bypass this layer.")
                ),
            },
            alt=_("Layers of the model {model}").format(model=name),
        )
        download(_("Download CSV"), lambda: to_csv(clf.layer_table()).encode("utf-8-sig"), "layers.csv", key="layers")
