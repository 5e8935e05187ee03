"""The report on the evaluated models, created on request."""

import streamlit as st

from carvis.progress import Progress
from carvis.workspace import content_hash
from ui.state import current, evaluations, workspace
from ui.state.i18n import _, language
from ui.widgets.download import download
from ui.widgets.job import on_request
from ui.widgets.layout import guarded
from ui.widgets.text import plain


def offer() -> None:
    """Offer a report on the models evaluated on the chosen split; it is created on request."""
    name, split = current.dataset_name(), current.split()
    tables = evaluations.on(name, split)
    tables = {model: table for model, table in tables.items() if current.evaluation(table)}
    if not tables:
        return
    st.subheader(_("Report"), anchor=False)
    st.markdown(
        _(
            "One self-contained HTML file, to open offline or print: scores, confusion matrices, "
            "heatmaps and attention of {models}, and how each figure was made."
        ).format(models=", ".join(plain(model) for model in tables))
    )
    with guarded():
        key = content_hash("report", name, split, language(), _stamps(name, tables))
        report = on_request(
            key,
            _("Create the report"),
            lambda progress: _make(name, tables, progress),
            _("Loads each model once."),
            primary=False,
        )
        if report:
            download(_("Report"), lambda: report, f"report-{name}-{split}.html", key="report", type="primary")


def _stamps(name: str, tables: dict[str, evaluations.Table]) -> list:
    """Return what the report depends on: when it changes, the report is out of date."""
    caches = [workspace.get().cache_dir / kind for kind in ("attention", "faithfulness")]
    models = [path for path in workspace.model_files().values() if path.stem in tables]
    paths = [*(table.path / "metrics.json" for table in tables.values()), *models, *caches]
    times = [(str(path), path.stat().st_mtime_ns) for path in paths if path.exists()]
    return [times, workspace.dataset(name).fingerprint if name in workspace.datasets() else None]


def _make(name: str, tables: dict[str, evaluations.Table], progress: Progress) -> str:
    from carvis.report import ReportSettings, report_html

    return report_html(
        {model: loaded for model, table in tables.items() if (loaded := current.evaluation(table))},
        ReportSettings(language=language()),
        data=workspace.dataset(name) if name in workspace.datasets() else None,
        files={path.stem: path for path in workspace.model_files().values() if path.stem in tables},
        cache_dir=workspace.get().cache_dir,
        progress=progress,
    )
