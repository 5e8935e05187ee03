"""What page Where models look offers as files: figures and tables."""

import io
import zipfile

import streamlit as st

from carvis.explain.attention import Attention
from carvis.tables import to_csv
from ui.state.i18n import _
from ui.widgets.download import download


def show(results: dict[str, Attention]) -> None:
    """Offer the results as files."""
    with st.container(horizontal=True):
        download(
            _("Figure"),
            lambda: _figure(results),
            file_name="attention.png",
            key="attention_figure",
            help=_("Both charts as one PNG file"),
        )
        download(
            _("Figure by class"),
            lambda: _zipped({f"{_file(name)}-classes.png": _class_figure(result) for name, result in results.items()}),
            file_name="attention-classes.zip",
            icon=":material/grid_on:",
            key="attention_class_figure",
            help=_("Classes by parts as PNG files, one per model"),
        )
        download(
            _("Numbers"),
            lambda: _zipped(_tables(results)),
            file_name="attention.zip",
            key="attention_numbers",
            help=_("CSV files per model: by image, by part, by class, accuracy"),
        )


def _figure(results: dict[str, Attention]) -> bytes:

    from carvis.figures import attention_by_part, figure_bytes

    return figure_bytes(attention_by_part(results))


def _class_figure(result: Attention) -> bytes:
    from carvis.figures import attention_by_class, figure_bytes

    return figure_bytes(attention_by_class(result))


def _tables(results: dict[str, Attention]) -> dict[str, bytes]:
    files = {}
    for name, result in results.items():
        tables = {"parts": result.by_part, "classes": result.by_class, "accuracy": result.accuracy}
        files[f"{_file(name)}-images.csv"] = result.to_csv().encode("utf-8-sig")
        for kind, table in tables.items():
            files[f"{_file(name)}-{kind}.csv"] = to_csv(table, index=True).encode("utf-8-sig")
    return files


def _file(name: str) -> str:
    return name.replace("/", "_")


def _zipped(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()
