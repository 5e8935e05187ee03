"""Writing a classifier: one ``.keras`` file and its card."""

from dataclasses import replace
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import keras

from carvis.classifier.card import ModelCard, card_path, write_card
from carvis.classifier.classifier import Classifier
from carvis.errors import ModelError
from carvis.language import Message
from carvis.workspace import check_length, finish_moves, not_empty, sha256_of_file, staged_folder


def save_classifier(clf: Classifier, path: str | Path, *, overwrite: bool = False) -> Path:
    """Write a classifier as a ``.keras`` file with its card ``<stem>.json``; the optimizer is not kept.

    The card holds what is known. Class names, preprocessing and resize that were only assumed of the model
    (``Classifier.assumed``) are not written, unless its card has them; how it reads images and what its output means
    are written, and marked in ``assumed``, as without them the file would be opened otherwise.

    Raises:
        ModelError: the name does not end in ``.keras``, or the file exists and ``overwrite`` is False.
    """
    path = not_empty(path, Message("the model file"))
    check_length(path.stem, Message("the model"))
    if path.suffix != ".keras":
        raise ModelError(Message("{path} does not end in .keras: name the file <name>.keras.", path=path))
    finish_moves(path.parent)
    for file in (path, card_path(path)):
        if file.exists() and not overwrite:
            raise ModelError(
                Message("{file} already exists: choose another name, or allow it to be overwritten.", file=file)
            )
    card = replace(clf.card) if clf.card else ModelCard()
    card.input_size = None if clf.native_size else list(clf.probe_size)
    card.channels = clf.channels
    # Assumptions are not written: they are made and stated whenever the file is opened.
    for fact in ("class_names", "preprocessing", "resize", "output"):
        if fact not in clf.assumed:
            setattr(card, fact, getattr(clf, fact))
    card.token_grid = list(clf.token_grid) if clf.token_grid else None
    card.extra_tokens = clf.extra_tokens
    # These are noted all the same: a card of carvis without them means that images are read in the usual way.
    card.alpha, card.orientation = clf.alpha, clf.orientation
    # The mark keeps the assumptions checked until someone confirms them.
    card.assumed = sorted(f for f in clf.assumed if getattr(card, f, None) == getattr(clf, f))
    card.created = card.created or datetime.now(UTC).isoformat(timespec="seconds")
    card.versions = versions()
    # Both or neither: beside an earlier card, the model would be read wrongly.
    with staged_folder(path.parent, replace=True) as folder:
        _without_optimizer(clf.model).save(folder / path.name)
        card.sha256 = sha256_of_file(folder / path.name)
        write_card(folder / path.name, card)
    return path


def _without_optimizer(model: keras.Model) -> keras.Model:
    """Return the model, or a clone without the training state where it has one."""
    if not model.compiled:
        return model
    clean = keras.models.clone_model(model)
    clean.set_weights(model.get_weights())
    return clean


def versions() -> dict[str, str]:
    """Return the versions of the packages that make a result."""
    installed = {}
    for package in ("carvis", "keras", "tensorflow", "numpy"):
        try:
            installed[package] = version(package)
        except PackageNotFoundError:
            continue
    return installed
