"""The model a run starts with: built, or opened from its parent."""

import keras

from carvis.architectures import backbone_of, build_model, open_last_block
from carvis.classifier import load_classifier
from carvis.classifier.layers import walk
from carvis.dataset import Dataset
from carvis.dataset.ids import composed
from carvis.errors import TrainingError
from carvis.language import Message
from carvis.training.directory import Recorder
from carvis.training.loop import parameters
from carvis.training.run import Run


def starting_model(run: Run, config: dict, data: Dataset, record: Recorder) -> keras.Model:
    """Build the model, or open the parent's; what the parent decides is written into the configuration."""
    if config["parent"] is None:
        weights = config["weights"]
        if weights not in (None, "imagenet"):
            weights = run.workspace.root / weights
        if weights is None and config["recipe"] != "own":
            record.warn(f"The {config['backbone']} starts without trained weights: what is frozen stays random.")
        model = build_model(
            config["recipe"],
            len(config["class_names"]),
            tuple(config["input_size"]),
            weights,
            config["backbone"],
            width=config["width"],
            head_units=config["head_units"],
            dropout=config["dropout"],
            open_from=config["open_from"],
        )
    else:
        model = _from_parent(run, config, data, record)
    learning, all_of_it = parameters(model.trainable_variables), model.count_params()
    record.log(f"{model.name}: {all_of_it:,} parameters, {learning:,} of them learn")
    return model


def _from_parent(run: Run, config: dict, data: Dataset, record: Recorder) -> keras.Model:
    path = run.workspace.root / config["parent"]
    clf = load_classifier(path, data=data)
    if clf.open_size and config["input_size"]:
        clf = load_classifier(path, input_size=tuple(config["input_size"]), data=data)
    for sentence in clf.assumptions:
        record.log(f"parent {path.name}: {sentence}")
    names = [composed(name) for name in clf.class_names]
    if set(names) != set(config["class_names"]) or int(clf.model.outputs[0].shape[-1]) != len(names):
        raise TrainingError(
            Message(
                "{path} tells {n} other classes apart than {root} holds: choose a parent that was trained on these "
                "classes.",
                path=path,
                n=len(clf.class_names),
                root=data.root,
            )
        )
    if clf.native_size or clf.output not in ("probability", "logit", "log-probability"):
        raise TrainingError(
            Message(
                "{path} cannot be trained on: carvis trains models of one input size whose output is one probability or"
                " score a class.",
                path=path,
            )
        )
    # Training on does not make a fact of what was assumed of the parent: what is frozen may have learnt otherwise.
    config["assumed"] = sorted(clf.assumed - {what for what in ("preprocessing",) if config[what]})
    for what, given, has in (
        ("input_size", config["input_size"], list(clf.input_size)),
        ("preprocessing", config["preprocessing"], clf.preprocessing),
    ):
        if given not in (None, has):
            raise TrainingError(
                Message(
                    "{path} was trained with {what} {has}, not {given}: leave --{what} out.",
                    path=path,
                    what=what,
                    has=has,
                    given=given,
                )
            )
        config[what] = has
    # A model that another program trained may have them in another order.
    config |= {"class_names": names, "resize": clf.resize, "alpha": clf.alpha, "orientation": clf.orientation}
    names = [name for name, _ in walk(clf.model)]
    config["backbone"] = (clf.card.backbone if clf.card else None) or backbone_of(names)
    record.log(f"starts from {config['parent']}")
    return open_last_block(clf.model, config["open_from"])
