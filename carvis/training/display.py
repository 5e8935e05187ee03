"""What a training run shows of itself in a notebook."""

from __future__ import annotations

from typing import TYPE_CHECKING

from carvis.display import facts, html_unless_damaged, line, panel, table
from carvis.language import _

if TYPE_CHECKING:
    from carvis.training.run import Run

_EPOCHS = 8


@html_unless_damaged
def run_html(run: Run) -> str:
    """Its state and its last epochs, read from its directory."""
    status, history = run.status, run.history
    values = {
        _("state"): status["state"],
        _("epoch"): f"{status['epoch']} / {status.get('epochs', '–')}" if status.get("epoch") is not None else None,
        _("best epoch"): status.get("best_epoch"),
        _("model"): status.get("model"),
    }
    columns = [name for name in ("epoch", "loss", "accuracy", "val_loss", "val_accuracy") if name in history]
    rows = [[_number(value) for value in row] for row in history[columns].tail(_EPOCHS).itertuples(index=False)]
    reason = [line(status["reason"])] if status.get("reason") else []
    return panel(run.id, facts(values), *reason, table(columns, rows, total=len(history)) if rows else "")


def _number(value: object) -> str:
    if isinstance(value, float):
        return "–" if value != value else f"{value:.0f}" if value.is_integer() and abs(value) > 1 else f"{value:.4f}"
    return str(value)
