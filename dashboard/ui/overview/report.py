"""The report of the evaluated models, made on request."""

import streamlit as st

from carvis.workspace import content_hash
from ui.state import current, data, jobs
from ui.state.i18n import _, language
from ui.widgets.download import download
from ui.widgets.layout import guarded
from ui.widgets.text import plain


def offer() -> None:
    """Offer a report on the models evaluated on the chosen pictures; nothing is made before it is asked for."""
    name, split = current.dataset_name(), current.split()
    tables = {t.model: t for t in data.evaluations().values() if (t.data, t.split) == (name, split)}
    tables = {model: table for model, table in tables.items() if current.evaluation(table)}
    if not tables:
        return
    st.subheader(_("Report"), anchor=False)
    st.markdown(
        _(
            "One file that opens anywhere, without a network, and prints well: scores, confusion, heatmaps and "
            "attention of {models}, and how each figure was made."
        ).format(models=", ".join(plain(model) for model in tables))
    )
    with guarded():
        key = content_hash("report", name, split, language(), _stamps(name, tables))
        found = jobs.on_request(
            key, _("Make the report"), lambda watch: _make(name, tables, watch), _("Opens each model once."), main=False
        )
        if found:
            download(_("Report"), lambda: found, f"report-{name}-{split}.html", key="report", type="primary")


def _stamps(name: str, tables: dict[str, data.Table]) -> list:
    """Everything that a report draws on: once it changes, the report is to be made anew."""
    caches = [data.workspace().cache_dir / kind for kind in ("attention", "faithfulness")]
    models = [path for path in data.model_files().values() if path.stem in tables]
    places = [*(table.path / "metrics.json" for table in tables.values()), *models, *caches]
    times = [(str(place), place.stat().st_mtime_ns) for place in places if place.exists()]
    return [times, data.dataset(name).fingerprint if name in data.datasets() else None]


def _make(name: str, tables: dict[str, data.Table], watch) -> str:
    from carvis.report import ReportSettings, report_html

    evaluations = {model: found for model, table in tables.items() if (found := current.evaluation(table))}
    return report_html(
        evaluations,
        ReportSettings(language=language()),
        data=data.dataset(name) if name in data.datasets() else None,
        files={path.stem: path for path in data.model_files().values() if path.stem in tables},
        cache_dir=data.workspace().cache_dir,
        progress=watch,
    )
