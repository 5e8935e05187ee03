"""``open_model``: a model file as a Keras 3 model, built without memory, compared with its weights, then filled."""

import contextlib
import math
import tempfile
import threading
import warnings
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keras
from keras.src.backend.common import global_state

from carvis.classifier import weights
from carvis.classifier.files.allowlist import APPLICATION_LAYERS
from carvis.classifier.files.clean_copy import copy_archive, copy_weights
from carvis.classifier.files.damage import damaged, reason_of
from carvis.classifier.files.inspection import ModelFile, read_model_file
from carvis.classifier.files.scope_names import mark_renamed, remember, rename_layers, with_scope_names
from carvis.classifier.files.size_limit import check_growth, check_memory
from carvis.classifier.legacy.graph import build_legacy
from carvis.classifier.legacy.layer_tree import LayerTree, mark_frozen
from carvis.classifier.runtime_errors import is_memory, sentence_of
from carvis.errors import CarvisError, ModelError
from carvis.language import Message

# What broken archives and broken HDF5 raise; an OSError may be a full disk, whose reason the sentence tells.
_DAMAGE = (zipfile.BadZipFile, zlib.error, EOFError, OSError)

# Without it, models opened at the same time in several threads met weights that Keras had not created.
_ONE_AT_A_TIME = threading.RLock()


def open_model(path: str | Path, *, trust: bool = False) -> keras.Model:
    """Open a ``.keras``, ``.h5`` or ``.hdf5`` file of any Keras, 1 to 3, as a Keras 3 model, not compiled.

    Raises:
        UntrustedModelError: it holds code and ``trust`` is False.
        ModelError: missing, damaged, without an architecture, or its weights do not fit.
    """
    file = read_model_file(path, trust=trust)
    try:
        with _ONE_AT_A_TIME, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model = _open(file, trust)
            model._carvis_path = str(path)
            return model
    except CarvisError:
        raise
    # Keras reports what it cannot read in any kind of error; the file itself was read without one.
    except Exception as error:
        if is_memory(error):
            raise ModelError(sentence_of(error, file.path)) from error
        raise _unknown(file, error) from error


def _unknown(file: ModelFile, error: Exception) -> ModelError:
    if isinstance(error, _DAMAGE):
        return damaged(file.path, error)
    return ModelError(
        Message(
            "{path} is intact, but Keras {version} cannot rebuild its model ({reason}): open it with Keras"
            " {writer}, which wrote it, and save it again without the part named here.",
            path=file.path,
            version=keras.__version__,
            reason=reason_of(error),
            writer=file.keras_version,
        )
    )


def _open(file: ModelFile, trust: bool) -> keras.Model:
    if trust and not file.legacy and file.kind == "keras":
        with tempfile.TemporaryDirectory() as folder:
            model = keras.saving.load_model(copy_archive(file, Path(folder)), compile=False, safe_mode=False)
        rename_layers(model)
        return model
    return _open_planned(file, trust) if file.legacy or file.kind == "hdf5" else _open_archive(file, trust)


def _open_archive(file: ModelFile, trust: bool) -> keras.Model:
    """Open a ``.keras`` file of Keras 3, whose weights Keras itself brings in, from a copy."""
    with _without_memory():
        model = _build(file, trust)
        _check_size(file, model)
    with tempfile.TemporaryDirectory() as folder:
        model.load_weights(copy_weights(file, Path(folder)))
    return model


def _open_planned(file: ModelFile, trust: bool) -> keras.Model:
    """Open an ``.h5`` file, or a ``.keras`` file of Keras 2: its weights are brought in by a plan.

    The file is opened once for all steps, as each opening looks through all of it.
    """
    tree: LayerTree | None = None
    with contextlib.ExitStack() as stack:
        with _without_memory():
            if file.legacy:
                store = stack.enter_context(file.weights())
                model, tree = build_legacy(file.config, file.path, weights.layer_names(file, store))
                _remember_names(tree)
            else:
                model = _build(file, trust)
                store = stack.enter_context(file.weights())
            if file.kind == "hdf5" or tree is None:
                plan = weights.plan_layer_groups(file, store, model, tree)
            else:
                plan = weights.plan_containers(file, store, model, tree)
        weights.fill(plan, file, store)
    for layer in model._flatten_layers():
        if isinstance(layer, keras.layers.Normalization):
            layer.finalize_state()
    if tree is not None:
        mark_frozen(tree)
    return model


@contextlib.contextmanager
def _without_memory() -> Iterator[None]:
    """Build a model whose variables have shapes alone; they take memory when the block ends without error.

    A few bytes of JSON can declare terabytes of weights, so the file's weights are compared first.
    """
    with keras.StatelessScope(initialize_variables=False) as scope:
        try:
            yield
            scope.initialize_variables = True
        except BaseException:
            # Keras would create all pending variables at the end of the next scope, whoever opens it.
            global_state.set_global_attribute("uninitialized_variables", [])
            raise


def _build(file: ModelFile, trust: bool) -> keras.Model:
    config, renamed = with_scope_names(_cleaned(file.config))
    model = keras.saving.deserialize_keras_object(config, safe_mode=not trust)
    if not isinstance(model, keras.Model):
        raise ModelError(
            Message(
                "{path} contains a {kind}, not a model: save the whole model from Keras.",
                path=file.path,
                kind=type(model).__name__,
            )
        )
    if not model.built:
        raise ModelError(
            Message(
                "{path} does not state its input size: call the model on an image, then save it again.", path=file.path
            )
        )
    mark_renamed(model, renamed)
    return model


def _remember_names(tree: LayerTree) -> None:
    remember(tree.layer, tree.name)
    for inner in tree.children:
        _remember_names(inner)


def _cleaned(value: Any) -> Any:
    """Drop training settings, which may name functions from elsewhere, and add the modules that ``.h5`` omits."""
    if isinstance(value, list):
        return [_cleaned(item) for item in value]
    if not isinstance(value, dict):
        return value
    cleaned = {key: _cleaned(item) for key, item in value.items() if key != "compile_config"}
    kind = cleaned.get("class_name")
    if isinstance(kind, str) and "config" in cleaned and not kind.startswith("__") and not cleaned.get("module"):
        cleaned["module"] = _module_of(kind, cleaned)
    return cleaned


def _module_of(kind: str, entry: dict) -> str | None:
    if kind in ("Sequential", "Functional"):
        return f"keras.src.models.{kind.lower()}"
    for place, names in APPLICATION_LAYERS.items():
        if kind in names:
            return place
    operation = "inbound_nodes" in entry and kind != "InputLayer" and "trainable" not in entry["config"]
    if operation:
        for place in ("numpy", "nn", "math", "core", "image", "linalg"):
            if hasattr(getattr(keras.src.ops, place, None), kind):
                return f"keras.src.ops.{place}"
    for place in ("layers", "initializers", "regularizers", "constraints", "dtype_policies", "quantizers"):
        if hasattr(getattr(keras, place), kind):
            return f"keras.{place}"
    # A class whose public name is another one.
    return next(
        (item.__module__ for item in vars(keras.layers).values() if getattr(item, "__name__", "") == kind), None
    )


def _check_size(file: ModelFile, model: keras.Model) -> None:
    stored = file.parameters
    needed = sum(math.prod(weight.shape) for weight in model.weights)
    # Wrapped layers are stored twice; adapters (LoRA) are stored merged, and start from zero.
    adapters = sum(math.prod(weight.shape) for weight in model.weights if weight.name.startswith("lora_"))
    if stored < needed - adapters or adapters > 2 * stored:
        raise ModelError(
            Message(
                "{path} contains {held} weights, but its architecture needs {needed}: save the model again"
                " with the Keras that wrote it.",
                path=file.path,
                held=f"{stored:,}",
                needed=f"{needed - adapters:,}",
            )
        )
    check_growth(file.path, file.file_bytes, 4 * needed)
    check_memory(file.path, 4 * needed)
