"""The controls that several pages share: models, images, method."""

from collections.abc import Iterable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

import streamlit as st

from carvis.explain.methods import METHODS
from carvis.explain.methods.availability import why_not
from carvis.images import IMAGE_SUFFIXES
from carvis.language import Message
from ui.state import current, evaluations, selection, unreadable, workspace
from ui.state.i18n import N_, _, n_, of_library, shown_as, translated
from ui.state.models import Opened, openable
from ui.state.samples import MOST_CHOSEN, Sample, find_sample
from ui.state.widget_values import careful
from ui.widgets import unreadable_list
from ui.widgets.layout import guarded
from ui.widgets.text import plain

if TYPE_CHECKING:
    from carvis.classifier import Classifier

COLOURS = {"viridis": "viridis", "cividis": "cividis", "magma": "magma", "tutorial": N_("tutorial look (JET)")}


def segments(field: str, label: str, labels: Mapping[str, str], value: str, **more: Any) -> None:
    """Offer the choices of a field of the selection side by side.

    Args:
        labels: of each choice; they are translated here.
        value: the one in use.
        more: further arguments of the widget.
    """
    st.segmented_control(
        label,
        list(labels),
        # In a closed window it is created later: it needs its start value in every run.
        default=value,
        format_func=shown_as(translated(labels)),
        required=True,
        **selection.control(field, value),
        **more,
    )


def choose_models(names: list[str], shown: list[str]) -> None:
    """Offer the models of the workspace; those that cannot be opened are named on the page, and say why when chosen."""
    openable({name: workspace.model_files()[name] for name in names})
    st.multiselect(
        _("Models"),
        names,
        placeholder=_("Choose models"),
        width="stretch",
        wrap=True,
        **selection.control("model", shown),
    )
    if names := current.without_file():
        words = n_(
            "{names} has no model file in this workspace, so it cannot be run. Its saved predictions are on other "
            "pages, such as Compare models.",
            "{names} have no model files in this workspace, so they cannot be run. Their saved predictions are on "
            "other pages, such as Compare models.",
            len(names),
        )
        with unreadable_list.place():
            st.warning(words.format(names=", ".join(map(plain, names))), icon=":material/draft:")


def choose_method(method: str, opened: Iterable[Opened] = ()) -> None:
    """Offer the heatmap methods, with a sentence on the chosen one.

    Args:
        opened: models; what none of them can have is not offered, and the reason is said.
    """
    missing = _missing_methods([model.clf for model in opened if model.classifier is not None])
    methods = [name for name in METHODS if name == method or name not in missing]
    # In a closed window it is created later: it needs its start value in every run.
    st.selectbox(_("Method"), methods, methods.index(method), **selection.control("method", method))
    st.caption(of_library(METHODS[method].caption))
    for reason in dict.fromkeys(missing.values()):
        names = ", ".join(name for name in missing if missing[name] == reason)
        st.caption(_("Not available: {methods}. {reason}").format(methods=names, reason=plain(of_library(reason))))


def _missing_methods(classifiers: "list[Classifier]") -> dict[str, Message]:
    """Say why methods can be had of none of the models: the reason of the first one, by method."""
    if not classifiers:
        return {}
    reasons = {name: [why_not(clf, name) for clf in classifiers] for name in METHODS}
    return {name: of_each[0] for name, of_each in reasons.items() if all(of_each) and of_each[0] is not None}


def add_images() -> list[Sample]:
    """Offer images of the data set and uploads, and return what was uploaded."""
    with st.popover(_("Add images"), icon=":material/add_photo_alternate:"):
        name, split = current.dataset_name(), current.split()
        if split:
            with guarded():
                samples = workspace.dataset(name).samples(split)
                label = st.selectbox(_("Class"), sorted(samples["label"].unique()), key="add_class")
                ids = samples.loc[samples["label"] == label, "id"].tolist()
                sample = st.selectbox(
                    _("Image"), ids, format_func=lambda sample: sample.rsplit("/", 1)[-1], key="add_sample"
                )
                st.button(
                    _("Add"),
                    icon=":material/add:",
                    key="add_picture",
                    on_click=careful(_add),
                    args=(name, split, sample),
                    disabled=len(selection.get().sample) >= MOST_CHOSEN,
                )
        uploads = st.file_uploader(
            _("Or upload your own images"),
            type=[suffix.lstrip(".") for suffix in IMAGE_SUFFIXES],
            accept_multiple_files=True,
            key="uploads",
            help=_("They stay in this browser session and are not saved."),
        )
        if selection.get().sample:
            st.button(_("Remove all images"), key="remove_all", on_click=careful(partial(selection.change, sample=())))
    return [Sample(f"upload {file.file_id}", file.name, file.getvalue()) for file in uploads[:MOST_CHOSEN]]


def _add(name: str, split: str, sample: str) -> None:
    now = selection.get()
    samples = now.sample if now.data in ("", name) else ()
    selection.change(data=name, split=split, sample=tuple(dict.fromkeys((*samples, sample))))


def chosen_images(uploads: list[Sample]) -> tuple[list[Sample], str]:
    """Return the images to explain, and a note where the page chose one by itself."""
    samples = list(uploads)
    name = current.dataset_name()
    for sample in selection.get().sample[:MOST_CHOSEN]:
        with guarded():
            samples.append(find_sample(name, sample))
    if samples or selection.get().sample or not current.split():
        return samples, ""
    return _example(name)


def _example(name: str) -> tuple[list[Sample], str]:
    table = current.tables().get(current.table())
    try:
        # If it cannot be read, the first image serves as well.
        if table and table.is_evaluation and current.evaluation(table):
            for sample in evaluations.misclassified(table)["id"].head(20):
                example = find_sample(name, sample)
                note = _("No image selected: showing the most confident mistake of {model}.")
                return [example], note.format(model=plain(table.model))
        samples = workspace.dataset(name).samples(current.split())
        if len(samples):
            return [find_sample(name, samples["id"].iloc[0])], _("No image selected: showing the first one.")
    except Exception as problem:
        unreadable.add("data set", name, problem)
    return [], ""
