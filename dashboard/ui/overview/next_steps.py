"""The next steps on page Overview: models to evaluate, and a training on the chosen data set."""

from pathlib import Path

import streamlit as st

from ui.state import current, evaluations, unreadable, workspace
from ui.state.i18n import _
from ui.state.models import is_model
from ui.widgets import commands
from ui.widgets.text import plain

_MOST = 5


def show() -> None:
    """Show the commands of the next steps."""
    name = current.dataset_name()
    if not name or not _has_images(name):
        return
    steps = [commands.evaluate(path, trained_on) for path, trained_on in _unevaluated(name)[:_MOST]]
    if steps:
        st.markdown(_("Evaluate the models that have no accuracy yet:"))
        st.code("\n".join(steps), language="bash", wrap_lines=True)
    has_evaluations = any(table.data == name for table in evaluations.saved().values())
    if not steps or not has_evaluations:
        template = _("Train a model on **{name}** on page Training runs, or with this command:")
        st.markdown(template.format(name=plain(name)))
        st.code(commands.carvis("train own", commands.dataset_path(name)), language="bash", wrap_lines=True)


def _has_images(name: str) -> bool:
    with unreadable.item("data set", name):
        return bool(workspace.dataset(name).counts().to_numpy().sum())
    return False


def _unevaluated(name: str) -> list[tuple[Path, str]]:
    """Return the models without an evaluation, each with its training data set, else ``name``."""
    evaluated = {table.model for table in evaluations.saved().values()}
    models = []
    for path in workspace.model_files().values():
        if path.stem in evaluated or not is_model(path):
            continue
        card = current.card_of(path)
        models.append((path, card.dataset if card and card.dataset in workspace.datasets() else name))
    return models
