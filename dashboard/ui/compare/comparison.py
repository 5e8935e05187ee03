"""What page Compare models compares: the evaluations on the chosen split, joined once."""

import io
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import streamlit as st

from carvis.errors import CarvisError
from carvis.evaluation import Comparison, compare
from carvis.evaluation.comparison import comparison_document, comparison_tables, fit_temperature, milliseconds_per_image
from carvis.evaluation.comparison.temperature import Effect
from carvis.progress import Progress, partial_progress
from carvis.tables import to_csv
from carvis.workspace import content_hash, json_text
from ui.compare.selection import CompareSelection
from ui.state import current, evaluations, selection, unreadable, workspace
from ui.state.i18n import _
from ui.state.models import file_key, open_model
from ui.state.rates import Work
from ui.widgets.job import on_request
from ui.widgets.layout import error

MOST = 6
# A risk curve through more points than these would look the same.
_POINTS = 300


def evaluated() -> dict[str, evaluations.Table]:
    """Return the readable evaluations on the chosen split by model, worst first."""
    tables = evaluations.on(current.dataset_name(), current.split())
    return {model: tables[model] for model in current.by_accuracy(list(tables)) if current.evaluation(tables[model])}


def refused(names: Iterable[str]) -> dict[str, str]:
    """Return those of some models whose evaluation on the chosen split cannot be read, each with the reason."""
    folder = f"{current.dataset_name()}/{current.split()}"
    tables = {name: evaluations.saved().get(f"{folder}/{name}") for name in names}
    reasons = {name: current.why_not(table) for name, table in tables.items() if table}
    return {name: reason for name, reason in reasons.items() if reason}


def models(tables: dict[str, evaluations.Table]) -> list[str]:
    """Return the chosen models that were evaluated, else the best few."""
    chosen = [name for name in selection.get(CompareSelection).model if name in tables]
    return chosen or list(tables)[-MOST:]


def knows_leakage(tables: dict[str, evaluations.Table]) -> bool:
    """Whether an evaluation says which images are also in training."""
    read = filter(None, map(current.evaluation, tables.values()))
    return any("copy_of" in evaluation.predictions for evaluation in read)


@dataclass(frozen=True, eq=False)
class Compared:
    """A comparison and what names it: all that decides it."""

    key: str
    result: Comparison


def comparison(tables: dict[str, evaluations.Table], names: list[str]) -> Compared:
    """Compare some of the evaluated models.

    Raises:
        TableError: their evaluations share no image, or every image leaks.
    """
    without_leakage = selection.get(CompareSelection).copies == "without" and knows_leakage(tables)
    loaded = {name: evaluations.load(tables[name]) for name in names}
    files = {name: workspace.model_files()[name] for name in names if name in workspace.model_files()}
    stamps = [(name, evaluations.stamp(tables[name]), _time(files.get(name))) for name in names]
    key = content_hash([tables[name].name for name in names], stamps, without_leakage)
    return Compared(key, _comparison(key, without_leakage, _evaluations=loaded, _files=files))


def _time(file: Path | None) -> int:
    return file.stat().st_mtime_ns if file else 0


@st.cache_resource(max_entries=8, show_spinner=False)
def _comparison(key: str, without_leakage: bool, *, _evaluations: dict, _files: dict) -> Comparison:
    return compare(_evaluations, files=_files, without_leakage=without_leakage)


def by_class(compared: Compared, first: str, second: str) -> pd.DataFrame:
    """Return the gap between two models class by class, cached."""
    return _by_class(compared.key, first, second, _result=compared.result)


@st.cache_data(max_entries=64, show_spinner=False)
def _by_class(key: str, first: str, second: str, *, _result: Comparison) -> pd.DataFrame:
    return _result.by_class(first, second)


def reliability(compared: Compared, name: str, temperature: float | None = None) -> pd.DataFrame:
    """Return a model's confidence beside its accuracy, cached."""
    return _reliability(compared.key, name, temperature, _result=compared.result)


@st.cache_data(max_entries=64, show_spinner=False)
def _reliability(key: str, name: str, temperature: float | None, *, _result: Comparison) -> pd.DataFrame:
    return _result.reliability(name, temperature=temperature)


def risk_coverage(compared: Compared, name: str) -> pd.DataFrame:
    """Return a model's risk at as many thresholds as a chart can show."""
    return _risk_coverage(compared.key, name, _result=compared.result)


@st.cache_data(max_entries=64, show_spinner=False)
def _risk_coverage(key: str, name: str, *, _result: Comparison) -> pd.DataFrame:
    curve = _result.risk_coverage(name)
    if len(curve) <= _POINTS:
        return curve
    return curve.iloc[np.unique(np.linspace(0, len(curve) - 1, _POINTS).round().astype(int))]


def coverage_at(compared: Compared, name: str, risk: float) -> tuple[float, float]:
    """Return a model's largest coverage at no more than a risk, and the confidence threshold for it."""
    return _coverage_at(compared.key, name, risk, _result=compared.result)


@st.cache_data(max_entries=256, show_spinner=False)
def _coverage_at(key: str, name: str, risk: float, *, _result: Comparison) -> tuple[float, float]:
    return _result.coverage_at(name, risk)


def temperatures(compared: Compared) -> dict[str, Effect]:
    """Return what a temperature does for each model that was evaluated on the validation images, too."""
    effects = {}
    for name in compared.result.names:
        table = evaluations.saved().get(f"{current.dataset_name()}/valid/{name}")
        if table is None or current.split() == "valid":
            continue
        with unreadable.item("evaluation", table.name):
            effects[name] = _temperature(
                compared.key, name, evaluations.stamp(table), _result=compared.result, _table=table
            )
    return effects


@st.cache_data(max_entries=64, show_spinner=False)
def _temperature(
    key: str, name: str, times: tuple[int, ...], *, _result: Comparison, _table: evaluations.Table
) -> Effect:
    return fit_temperature(evaluations.load(_table)).effect(_result.shared(name))


def timed(result: Comparison) -> Comparison:
    """Offer to measure each model's time per image; return the comparison with the times."""
    names = [name for name in result.names if name in result.files]
    if not names:
        return result
    key = content_hash("time", {name: file_key(name) for name in names})

    def measure(progress: Progress) -> dict[str, float] | None:
        times = {}
        for number, name in enumerate(names):
            model = open_model(name)
            if model.classifier is None:
                error(model.error)
                continue
            with model.lock:
                times[name] = milliseconds_per_image(
                    model.clf,
                    progress=partial_progress(progress, 100 * number / len(names), 100 * (number + 1) / len(names)),
                )
        return times or None

    note = _("Loads each model and runs it on 144 images.")
    work = Work(("speed", [file_key(name) for name in names]), len(names))
    times = on_request(key, _("Measure speed"), measure, note, primary=False, work=work, tried=False)
    return result.timed(times) if times else result


def document(result: Comparison, effects: dict[str, Effect]) -> str:
    """Return the comparison as JSON, to download."""
    return json_text(comparison_document(result, effects), indent=1)


def tables(result: Comparison) -> bytes:
    """Return all tables of a comparison, zipped."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, table in comparison_tables(result).items():
            archive.writestr(zipfile.ZipInfo(f"{name}.csv"), to_csv(table))
    return buffer.getvalue()


def paths(ids: list[str]) -> list[str | None]:
    """Return the paths of images of the chosen data set, None for one that is gone."""
    located: list[str | None] = []
    dataset = None
    with unreadable.item("data set", current.dataset_name()):
        dataset = workspace.dataset(current.dataset_name())
    for sample in ids:
        try:
            path = dataset.resolve(sample) if dataset else None
            located.append(str(path) if path and path.is_file() else None)
        except CarvisError:
            located.append(None)
    return located
