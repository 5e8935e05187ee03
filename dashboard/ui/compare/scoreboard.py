"""All numbers of all models, best first."""

import pandas as pd
import streamlit as st

from carvis.evaluation import Comparison, left_out_messages
from carvis.evaluation.comparison.temperature import Effect
from ui.compare import comparison
from ui.state.i18n import _, of_library
from ui.widgets.download import download
from ui.widgets.text import percent


def show(result: Comparison, effects: dict[str, Effect]) -> Comparison:
    """Show the scoreboard with its downloads, and return the comparison with the times, where they were measured.

    Args:
        effects: of a temperature, by model.
    """
    table_slot = st.container(gap="xsmall")
    downloads_slot = st.container(horizontal=True, gap="small")
    timed = comparison.timed(result)
    with downloads_slot:
        board, tables = "scoreboard.png", "comparison.zip"
        download(_("Figure"), lambda: _figure(timed), board, key="compare_board")
        download(_("Tables"), lambda: comparison.tables(timed), tables, key="compare_tables")
        download("JSON", lambda: comparison.document(timed, effects), "comparison.json", key="compare_json")
    with table_slot:
        _board_table(timed)
        sentences = [of_library(message) for message in left_out_messages(result.left_out)]
        if not result.scoreboard["copies"].notna().any() and not result.without_leakage:
            sentences.append(_("These evaluations were not checked for leakage."))
        if sentences:
            st.caption(" ".join(sentences))
    return timed


def _figure(result: Comparison) -> bytes:
    from carvis.figures import figure_bytes, model_scoreboard

    return figure_bytes(model_scoreboard(result))


def _board_table(result: Comparison) -> None:
    board = result.scoreboard
    best_first = board.sort_values("accuracy", ascending=False, kind="stable")
    rows = pd.DataFrame(
        {
            "model": best_first.index,
            "accuracy": 100 * best_first["accuracy"],
            "range": [f"{low:.1%} – {high:.1%}" for low, high in zip(best_first["low"], best_first["high"])],
            "clean": [_clean(row) for row in best_first.to_dict("records")],
            "top3": 100 * best_first["top3"],
            "f1": best_first["macro_f1"],
            "log_loss": best_first["log_loss"],
            "ece": best_first["ece"],
            "parameters": best_first["parameters"],
            "size": best_first["bytes"] / 1e6,
            "ms": best_first["milliseconds"],
        }
    )
    if result.without_leakage or not best_first["copies"].notna().any():
        rows = rows.drop(columns="clean")
    if not best_first["milliseconds"].notna().any():
        rows = rows.drop(columns="ms")
    number = st.column_config.NumberColumn
    st.dataframe(
        rows,
        hide_index=True,
        column_config={
            "model": st.column_config.TextColumn(_("Model"), pinned=True),
            "accuracy": st.column_config.ProgressColumn(
                _("Accuracy"), format="%.1f %%", min_value=0, max_value=100, width="small"
            ),
            "range": st.column_config.TextColumn(_("95 % CI")),
            "clean": st.column_config.TextColumn(_("Without leakage")),
            "top3": number(_("Top-3"), format="%.1f %%"),
            "f1": number(_("Macro F1"), format="%.3f"),
            "log_loss": number(_("Log loss"), format="%.3f"),
            "ece": number(_("Calibration error"), format="%.3f"),
            "parameters": number(_("Parameters"), format="localized"),
            "size": number(_("Size (MB)"), format="%.1f"),
            "ms": number(_("ms per image"), format="%.1f"),
        },
        alt=_("{model} has the highest accuracy: {share} of {n} images").format(
            model=best_first.index[0], share=percent(best_first["accuracy"].iloc[0]), n=f"{result.n:,}"
        ),
    )


def _clean(row: dict) -> str:
    if row["clean_accuracy"] == row["clean_accuracy"]:
        return f"{row['clean_accuracy']:.1%} ({row['clean_low']:.1%} – {row['clean_high']:.1%})"
    if row["clean"] == row["clean"]:
        return _("not measurable: only {n} images without leakage").format(n=f"{row['clean']:,.0f}")
    return _("not checked")
