"""What a recipe's entry decides, a run does."""

from dataclasses import replace

from carvis.architectures import RECIPES, open_last_block
from carvis.training import train

SLIM = {"backbone": "vgg16-slim", "weights": None, "input_size": 32, "head_units": 8, "epochs": 1, "batch_size": 32}


def learning(run) -> set[str]:
    """The blocks of a run's model that learn."""
    layers = [layer for layer in run.classifier().model.layers if layer.weights and layer.trainable]
    return {layer.name[:6] for layer in layers if layer.name.startswith("block")}


def test_the_layers_that_a_recipe_freezes_are_those_of_a_parents_model_too(colours, workspace, monkeypatch):
    run = train("fine-tune", colours, workspace=workspace, **SLIM)
    assert learning(run) == {"block5"}
    options = SLIM | {"parent": run.config["parent"], "backbone": None, "input_size": None}
    for freeze, blocks in (
        (lambda model, request: open_last_block(model, "block4"), {"block4", "block5"}),
        (None, {"block1", "block2", "block3", "block4", "block5"}),
    ):
        monkeypatch.setitem(RECIPES, "fine-tune", replace(RECIPES["fine-tune"], freeze=freeze))
        assert learning(train("fine-tune", colours, workspace=workspace, **options)) == blocks
