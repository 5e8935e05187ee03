"""Training defaults of the demo: its small pretrained backbone and its image size."""

from pathlib import Path

from carvis.workspace import Workspace

BACKBONE = "vgg16-slim"
# The transfer model holds the backbone as it was trained on the other makes.
TRANSFER = "demo_transfer.keras"
# Filters that the own model begins with: enough to learn from 1,200 images, few enough to ship.
OWN_WIDTH = 8
# The last block of so slim a network moves less at the recipe's rate than it should.
FINE_TUNE_RATE = 3e-4
INPUT_SIZE = 160


def training_defaults(recipe: str, workspace: Workspace) -> dict:
    """Return arguments of ``train`` that suit the demo: a run of minutes without a graphics card or a download.

    Without the shipped transfer model, neither in the workspace nor beside the package, only what needs no trained
    backbone is known.
    """
    if recipe == "own":
        return {"width": OWN_WIDTH, "input_size": INPUT_SIZE}
    trained = _trained(workspace)
    if trained is None:
        return {}
    if recipe == "fine-tune":
        return {"parent": trained, "learning_rate": FINE_TUNE_RATE}
    return {"backbone": BACKBONE, "weights": trained, "input_size": INPUT_SIZE}


def _trained(workspace: Workspace) -> Path | None:
    beside = Path(__file__).resolve().parents[2] / "models"
    return next((folder / TRANSFER for folder in (workspace.models_dir, beside) if (folder / TRANSFER).is_file()), None)
