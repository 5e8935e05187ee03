"""Opening a model file as a Keras 3 model: inspected, built without memory, compared with its weights, then filled."""

import contextlib
import math
import tempfile
import warnings
import zipfile
from collections.abc import Iterator
from pathlib import Path

import keras
from keras.src.backend.common import global_state

from carvis.classifier import weights
from carvis.classifier.describing import parameters
from carvis.classifier.inspection import WEIGHTS, ModelFile, damaged, read_model_file
from carvis.classifier.legacy_graph import build_legacy
from carvis.errors import CarvisError, ModelError


def open_model(path: str | Path, *, trust: bool = False) -> keras.Model:
    """Open a ``.keras``, ``.h5`` or ``.hdf5`` file of any Keras, 1 to 3, as a Keras 3 model, not compiled.

    Raises:
        UntrustedModelError: it holds code and ``trust`` is False.
        ModelError: missing, damaged, without an architecture, or its weights do not fit.
    """
    file = read_model_file(path, trust=trust)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return _open(file, trust)
    except CarvisError:
        raise
    # Keras reports what it cannot read in any kind of error.
    except Exception as error:
        raise damaged(file.path, error) from error


def _open(file: ModelFile, trust: bool) -> keras.Model:
    if trust and not file.legacy and file.kind == "keras":
        return keras.saving.load_model(file.path, compile=False, safe_mode=False)
    root = None
    with _without_memory():
        if file.legacy:
            model, root = build_legacy(file.config, file.path)
        else:
            model = _build(file, trust)
        if file.kind == "hdf5":
            plan = weights.plan_layer_groups(file, model, root)
        elif file.legacy:
            plan = weights.plan_containers(file, model, root)
        else:
            plan = None
            _check_size(file, model)
    if plan is None:
        _load_weights(file, model)
    else:
        weights.fill(plan, file)
        for layer in _all_layers(model):
            if isinstance(layer, keras.layers.Normalization):
                layer.finalize_state()
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
            # Keras would make all variables that still wait when the next scope ends, whoever opens it.
            global_state.set_global_attribute("uninitialized_variables", [])
            raise


def _build(file: ModelFile, trust: bool) -> keras.Model:
    model = keras.saving.deserialize_keras_object(_cleaned(file.config), safe_mode=not trust)
    if not isinstance(model, keras.Model):
        raise ModelError(f"{file.path} holds a {type(model).__name__}, not a model: save the whole model from Keras.")
    if not model.built:
        raise ModelError(f"{file.path} does not say the size of its input: save it again after it has seen a picture.")
    return model


def _cleaned(value):
    """Leave out training settings, which may name foreign functions, and add the modules that ``.h5`` leaves out."""
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
    operation = "inbound_nodes" in entry and kind != "InputLayer" and "trainable" not in entry["config"]
    if operation:
        for place in ("numpy", "nn", "math", "core", "image", "linalg"):
            if hasattr(getattr(keras.src.ops, place, None), kind):
                return f"keras.src.ops.{place}"
    for place in ("layers", "initializers", "regularizers", "constraints", "dtype_policies"):
        if hasattr(getattr(keras, place), kind):
            return f"keras.{place}"
    return None


def _check_size(file: ModelFile, model: keras.Model) -> None:
    held = parameters(file)
    needed = sum(math.prod(weight.shape) for weight in model.weights)
    if held != needed:
        raise ModelError(
            f"{file.path} holds {held:,} weights where its architecture needs {needed:,}:"
            " get the file again, or save the model anew."
        )


def _load_weights(file: ModelFile, model: keras.Model) -> None:
    with tempfile.TemporaryDirectory() as folder, zipfile.ZipFile(file.path) as archive:
        model.load_weights(archive.extract(WEIGHTS, folder))


def _all_layers(model: keras.Model) -> Iterator[keras.Layer]:
    for layer in model.layers:
        if isinstance(layer, keras.Model):
            yield from _all_layers(layer)
        yield layer
