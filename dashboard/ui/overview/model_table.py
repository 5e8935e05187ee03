"""The table of the workspace's models: accuracy, input, preprocessing, recipe, assumptions."""

from pathlib import Path
from typing import Any

import pandas as pd
import streamlit as st

from carvis.classifier.card import reading_of
from carvis.evaluation import Evaluation
from carvis.tables import to_csv
from ui.state import current, evaluations, unreadable, workspace
from ui.state.i18n import _, of_library
from ui.state.models import openable
from ui.widgets import assumptions
from ui.widgets.download import download
from ui.widgets.text import SPLIT, percent


def show(files: dict[str, Path]) -> None:
    """Show the models, the best first."""
    rows = [_row(name, path) for name, path in files.items()]
    table = pd.DataFrame(rows).sort_values("accuracy", ascending=False, na_position="last")
    st.dataframe(
        table,
        hide_index=True,
        column_config={
            "model": st.column_config.TextColumn(_("Model"), pinned=True),
            "accuracy": st.column_config.ProgressColumn(
                _("Accuracy"), format="%.1f %%", min_value=0, max_value=100, width="small"
            ),
            "interval": st.column_config.TextColumn(_("95 % CI"), width=_width(table["interval"])),
            "without leakage": st.column_config.TextColumn(
                _("Without leakage"),
                width=_width(table["without leakage"], header=150),
                help=_(
                    "Accuracy and its 95 % CI without the test images that are also in training; page Data lists them."
                ),
            ),
            "evaluated": st.column_config.TextColumn(_("Evaluated on"), width=_width(table["evaluated"], header=110)),
            "input": st.column_config.TextColumn(_("Input"), width=_width(table["input"])),
            "preprocessing": st.column_config.TextColumn(_("Preprocessing"), width=_width(table["preprocessing"])),
            "recipe": st.column_config.TextColumn(_("Recipe")),
            "size": st.column_config.NumberColumn(_("File size"), format="%.1f MB"),
            # Covered by the column of assumptions; page Models shows the card.
            "card": None,
            "assumptions": st.column_config.TextColumn(
                _("Assumptions"),
                help=_(
                    "✓: preprocessing and class names are confirmed, or a check on images found "
                    "no problem. See page Models for details and the check."
                ),
            ),
        },
        alt=_("Models of this workspace with their accuracy"),
    )
    numbers = table.drop(columns="card")
    download(_("Download CSV"), lambda: to_csv(numbers).encode("utf-8-sig"), "models.csv", key="models_numbers")
    openable(files)


def _without_leakage(evaluation: Evaluation) -> str:
    """Return the accuracy without leakage and its interval, as short as page Compare models gives them."""
    leak = evaluation.leak
    if leak is None or leak.interval is None:
        return of_library(leak.finding) if leak else "–"
    low, high = leak.interval
    return f"{leak.accuracy:.1%} ({low:.1%} – {high:.1%})"


def _width(texts: pd.Series, header: int = 80) -> int | None:
    """Return how wide a column is, in pixels, for its longest text; None where the browser finds that out by itself.

    Of more than five rows it takes a few long texts among short ones for outliers, and cuts them off.
    """
    return max(header, min(240, 20 + 6 * int(texts.str.len().max()))) if len(texts) > 5 else None


def _row(name: str, path: Path) -> dict[str, Any]:
    card = current.card_of(path)
    row: dict[str, Any] = {
        "model": name,
        "accuracy": None,
        "interval": "–",
        "without leakage": "–",
        "evaluated": "–",
        "input": " × ".join(map(str, card.input_size)) if card and card.input_size else "–",
        "preprocessing": f"{card.preprocessing}, {reading_of(card)[0]}" if card and card.preprocessing else "–",
        "recipe": card.recipe if card and card.recipe else "–",
        "size": (workspace.bytes_of(path) or 0) / 1e6,
        "card": bool(card),
        "assumptions": "–",
    }
    tables = [table for table in evaluations.saved().values() if table.model == path.stem]
    tables.sort(key=lambda entry: entry.split != "test")
    for table in tables[:1]:
        with unreadable.item("evaluation", table.name):
            evaluation = evaluations.load(table)
            low, high = evaluation.metrics["accuracy_interval"]
            split = _(SPLIT[table.split])
            row |= {
                "accuracy": 100 * evaluation.accuracy,
                "interval": f"{percent(low)} – {percent(high)}",
                "without leakage": _without_leakage(evaluation),
                "evaluated": f"{table.data} · {split} ({evaluation.metrics['n']})",
            }
    with unreadable.item(*(("evaluation", tables[0].name) if tables else ("card", current.card_name(path)))):
        row["assumptions"] = assumptions.mark(name, next(iter(tables), None))
    return row
