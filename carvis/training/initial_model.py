"""The model a run starts with: built, or opened from its parent."""

from collections.abc import Iterable
from dataclasses import replace

import keras
import numpy as np

from carvis.architectures import RECIPES, backbone_of, build_model, set_trainable
from carvis.architectures.request import ModelRequest
from carvis.classifier import load_classifier
from carvis.classifier.layers import walk
from carvis.dataset import Dataset
from carvis.errors import TrainingError
from carvis.language import Message
from carvis.training.config import RunConfig
from carvis.training.directory import Recorder
from carvis.training.run import Run
from carvis.workspace.sample_ids import composed


def initial_model(run: Run, config: RunConfig, data: Dataset, record: Recorder) -> tuple[keras.Model, RunConfig]:
    """Build the model, or open the parent's; return the configuration with what the parent decides, too."""
    if config.parent is None:
        weights = config.weights_file(run.workspace)
        if weights is None and RECIPES[config.recipe].backbone is not None:
            record.warn(f"The {config.backbone} starts without trained weights: what is frozen stays random.")
        model = build_model(
            config.recipe,
            len(config.class_names),
            config.size,
            weights,
            config.backbone,
            width=config.width,
            head_units=config.head_units,
            dropout=config.dropout,
            open_from=config.open_from,
        )
    else:
        model, config = _from_parent(run, config, data, record)
    trainable = count_parameters(model.trainable_variables)
    record.log(f"{model.name}: {model.count_params():,} parameters, {trainable:,} of them trainable")
    return model, config


def with_gradients(model: keras.Model) -> keras.Model:
    """Return a model whose trainable weights ``fit`` can train; a copy where they were loaded as frozen ones.

    TensorFlow records no gradient of a variable that was made for a frozen layer, even when it is opened later.
    """
    if all(variable.value.trainable for variable in model.trainable_variables):
        return model
    copy = keras.models.clone_model(model)
    copy.set_weights(model.get_weights())
    return copy


def count_parameters(variables: Iterable[keras.Variable]) -> int:
    """Count the numbers in some variables."""
    return int(sum(np.prod(variable.shape) for variable in variables))


def _from_parent(run: Run, config: RunConfig, data: Dataset, record: Recorder) -> tuple[keras.Model, RunConfig]:
    path = run.workspace.root / str(config.parent)
    clf = load_classifier(path, data=data)
    if clf.open_size and config.input_size:
        clf = load_classifier(path, input_size=config.input_size, data=data)
    for sentence in clf.assumptions:
        record.log(f"parent {path.name}: {sentence}")
    names = [composed(name) for name in clf.class_names]
    if set(names) != set(config.class_names) or int(clf.model.outputs[0].shape[-1]) != len(names):
        raise TrainingError(
            Message(
                (
                    "The {n} classes of {path} are not those of {root}: choose a parent that was "
                    "trained on these classes."
                ),
                path=path,
                n=len(clf.class_names),
                root=data.root,
            )
        )
    if clf.native_size or clf.output not in ("probability", "logit", "log-probability"):
        raise TrainingError(
            Message(
                "{path} cannot be trained further: carvis trains models of one input size with one probability or score"
                " per class.",
                path=path,
            )
        )
    # Training on does not make a fact of what was assumed of the parent: what is frozen may have learnt otherwise.
    assumed = sorted(clf.assumed - ({"preprocessing"} if config.preprocessing else set()))
    for fact, requested, has in (
        ("input_size", config.input_size and list(config.input_size), list(clf.input_size)),
        ("preprocessing", config.preprocessing, clf.preprocessing),
    ):
        if requested not in (None, has):
            raise TrainingError(
                Message(
                    "{path} was trained with {what} {has}, not {given}: leave --{what} out.",
                    path=path,
                    what=fact,
                    has=has,
                    given=requested,
                )
            )
    record.log(f"starts from {config.parent}")
    height, width = clf.input_size
    assert height and width, "a model that takes any size has been refused"
    layers = [name for name, _ in walk(clf.model)]
    config = replace(
        config,
        # A model that another program trained may have them in another order.
        class_names=tuple(names),
        input_size=(height, width),
        preprocessing=clf.preprocessing,
        resize=clf.resize,
        alpha=clf.alpha,
        orientation=clf.orientation,
        backbone=(clf.card.backbone if clf.card else None) or backbone_of(layers),
        assumed=tuple(assumed),
    )
    request = ModelRequest(
        config.recipe, len(names), (height, width), None, config.backbone, open_from=config.open_from
    )
    set_trainable(clf.model, request)
    return with_gradients(clf.model), config
