"""The predictions for the new images: made at once for a few, on request for many, and kept for the session."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import streamlit as st

from carvis.prediction import (
    ImageSource,
    Prediction,
    Reference,
    average_reference,
    predict_images,
    reference_of,
)
from carvis.prediction.augmentation import n_views
from carvis.progress import Progress
from carvis.workspace import Workspace, content_hash
from ui.state import evaluations, workspace
from ui.state.i18n import _, n_
from ui.state.models import Opened, stamp_of
from ui.state.rates import Work
from ui.state.samples import Sample
from ui.try_it.selection import TryItSelection
from ui.widgets.job import on_request


@dataclass(frozen=True, eq=False)
class OfImage:
    """What all models say of one image, the average last."""

    sample: Sample
    predictions: tuple[Prediction, ...]


def references(opened: Mapping[str, Opened], rate: float) -> dict[str, Reference]:
    """Return what each model's predictions are held against, as far as it is stored."""
    return {
        name: replace(found, novelty=found.novelty and replace(found.novelty, rate=rate))
        for name, model in opened.items()
        for found in [_reference(model.clf.fingerprint, name, _stamps(name), _model=model, _workspace=workspace.get())]
    }


def _stamps(model: str) -> tuple[object, ...]:
    tables = [table for table in evaluations.saved().values() if table.model == model]
    return tuple((table.name, evaluations.stamp(table)) for table in tables)


@st.cache_resource(max_entries=24, show_spinner=False)
def _reference(
    fingerprint: str, name: str, stamps: tuple[object, ...], *, _model: Opened, _workspace: Workspace
) -> Reference:
    with _model.lock:
        return reference_of(_model.clf, _workspace, compute=False)


def offer_energies(opened: Mapping[str, Opened], known: Mapping[str, Reference]) -> None:
    """Offer to compute the energies of validation images for models whose novelty is not known without them."""
    missing = [name for name, reference in known.items() if reference.computable]
    if not missing:
        return

    def make(progress: Progress) -> bool:
        for place, name in enumerate(missing):
            model = opened[name]

            def of_model(done: float, total: float, place: int = place) -> bool | None:
                return progress(place + done / max(total, 1), len(missing))

            with model.lock:
                reference_of(model.clf, workspace.get(), progress=of_model)
        _reference.clear()
        return True

    key = content_hash("energies", [opened[name].clf.fingerprint for name in missing])
    note = _("Runs up to {n} validation images through each model, once.").format(n=500)
    label = _("Prepare the check for images unlike training")
    work = Work(("energies", [opened[name].clf.fingerprint for name in missing]), len(missing))
    on_request(key, label, make, note, primary=False, keeps=False, icon="fact_check", name="energies", work=work)


def predict(
    samples: Sequence[Sample],
    opened: Mapping[str, Opened],
    known: Mapping[str, Reference],
    chosen: TryItSelection,
) -> list[OfImage] | None:
    """Return the predictions of each image; None before a person asked for those of many."""
    average = (
        average_reference({name: one.clf for name, one in opened.items()}, workspace.get())
        if (chosen.average == "yes" and len(opened) > 1)
        else None
    )
    models = {name: [model.clf.fingerprint, *model.clf.class_names] for name, model in opened.items()}
    held = [
        [
            reference.temperature and reference.temperature.value,
            reference.novelty and reference.novelty.threshold,
            len(reference.training) if reference.training else 0,
        ]
        for reference in known.values()
    ]
    settings = [chosen.augment, chosen.average, chosen.alarms]
    key = content_hash("try it", [stamp_of(sample) for sample in samples], models, [str(held)], settings)
    images = [ImageSource(sample.name, sample.source) for sample in samples]

    def make(progress: Progress) -> list[OfImage]:
        found = predict_images(
            {name: model.clf for name, model in opened.items()},
            images,
            known,
            average=average,
            augment=chosen.augment,
            progress=progress,
            guard=lambda name: opened[name].lock,
        )
        rows = list(found)
        each = len(opened) + (average is not None)
        return [OfImage(sample, tuple(rows[place * each : (place + 1) * each])) for place, sample in enumerate(samples)]

    passes = len(samples) * len(opened) * n_views(chosen.augment)
    work = Work(("predict", [model.clf.fingerprint for model in opened.values()], chosen.average), passes)
    label = n_("Predict {n} image", "Predict {n} images", len(samples)).format(n=f"{len(samples):,}")
    note = _("{n} passes through a model").format(n=f"{passes:,}")
    return on_request(key, label, make, note, name="predict", work=work)
