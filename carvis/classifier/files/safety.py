"""What a model file may hold without being trusted: known Keras parts, and nothing that runs or points elsewhere.

The lists name what is allowed. All of it is looked up in the file's JSON before any loader sees the file, since
loaders run code of several kinds (Lambda layers, functions by name, classes by module) while they read.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from carvis.classifier.files.allowlist import (
    ACTIVATIONS,
    APPLICATION_LAYERS,
    CODE,
    LAYERS,
    LEGACY_LAYERS,
    MODELS,
    OWN,
    PARTS,
    TEXT,
    VALUES,
)
from carvis.classifier.files.foreign_text import foreign_text
from carvis.errors import UntrustedModelError
from carvis.language import Message

_MODULES = re.compile(
    r"(keras(\.(layers|models|initializers|regularizers|constraints|activations|dtype_policies|quantizers))?"
    r"|keras\.src\.(layers|models|initializers|regularizers|constraints|activations|dtype_policies|quantizers)[\w.]*"
    r"|keras\.src\.engine\.\w+)"
)
# Files that earlier versions saved name the module where the layers lay then; Keras finds them by registered name.
_OWN_MODULES = (None, "builtins", "carvis.classifier.legacy.keras2_layers", "carvis.classifier.keras2_layers")
_OPERATIONS = re.compile(r"keras(\.src)?\.ops(\.(numpy|nn|math|core|image|linalg))?")
# Nothing is imported by these names: what a file of Keras 1 or 2 holds is built from the lists.
_LEGACY_MODULES = re.compile(
    r"(tf_keras|keras|tensorflow\.(python\.)?keras|tensorflow\.python\.ops)(\.[\w.]+)?|builtins"
)
_TRUST = Message("open it with trust (--trust) only if you know who made it")
_TRUST_CLASS = Message(
    "open it with trust (--trust) only if you know who made it and the package that defines it is installed"
)
_WITHOUT = Message(
    "open it with the Keras that wrote it and save the model again without this part; trust does not help here"
)


def check_architecture(config: dict, path: Path, *, legacy: bool) -> None:
    """Refuse an architecture that holds code or anything but Keras's own parts.

    Raises:
        UntrustedModelError: it names the first such part.
    """
    if config["class_name"].rpartition(">")[2] not in MODELS:
        raise UntrustedModelError(
            Message(
                "{path} is a model of the custom class {name}, whose code is not in the file: rebuild it as"
                " a functional or Sequential model, load its weights and save that.",
                path=path,
                name=foreign_text(config["class_name"]),
            )
        )
    check = _check_legacy if legacy else _check_modern
    for part, layer in _parts(config):
        reason = check(part)
        if reason:
            foreign = reason.template in (_foreign_class(None).template, _foreign_function(None).template)
            remedy = _WITHOUT if legacy else _TRUST_CLASS if foreign else _TRUST
            raise UntrustedModelError(
                Message("{path} contains {reason} ({layer}): {remedy}.", path=path, reason=reason, layer=layer,
                        remedy=remedy)
            )  # fmt: skip


def _parts(config: dict[str, Any]) -> Iterator[tuple[dict[str, Any], Message]]:
    """Yield every dict of a config with the layer it belongs to. Training settings are never read."""
    pending: list[tuple[Any, Message]] = [(config, Message("in the model itself"))]
    while pending:
        value, layer = pending.pop()
        if isinstance(value, dict):
            inner = value.get("config")
            name = inner.get("name") if isinstance(inner, dict) else None
            layer = Message("layer {name}", name=foreign_text(name)) if isinstance(name, str) else layer
            yield value, layer
            pending.extend(
                (item, layer)
                for key, item in value.items()
                if isinstance(item, (dict, list)) and key not in ("compile_config", "build_config")
            )
        else:
            pending.extend((item, layer) for item in value if isinstance(item, (dict, list)))


def _foreign_class(name: object) -> Message:
    return Message("the class {name}, which is not from Keras", name=foreign_text(name))


def _foreign_function(name: object) -> Message:
    return Message("the function {name}, which is not from Keras", name=foreign_text(name))


def _check_common(part: dict) -> Message | None:
    for key in ("activation", "recurrent_activation"):
        name = part.get(key)
        if isinstance(name, str) and name not in ACTIVATIONS:
            return _foreign_function(name)
    kind = part.get("class_name")
    if kind is not None and not isinstance(kind, str):
        return Message("a part without a valid name")
    if kind in CODE or "function_type" in part:
        return Message("a {kind} layer, which runs code written by the file's author", kind=kind or "Lambda")
    if kind in TEXT:
        return Message("a {kind} layer, which works on text or categories, not on images", kind=kind)
    if kind in ("__lambda__", "__typespec__", "__class__"):
        return Message("a Python function as bytecode")
    return None


def _check_legacy(part: dict) -> Message | None:
    reason = _check_common(part)
    kind, module = part.get("class_name"), part.get("module")
    if reason or kind is None or kind in VALUES:
        return reason
    if kind == "function":
        name = part.get("config")
        return None if isinstance(name, str) and name in ACTIVATIONS else _foreign_function(name)
    # A class of Keras that registers itself has a prefix.
    allowed = kind in LAYERS | MODELS | LEGACY_LAYERS | PARTS or kind == "Custom>CustomScaleLayer"
    if not allowed or (module and not _LEGACY_MODULES.fullmatch(str(module))):
        return _foreign_class(_full(module, kind))
    return None


def _check_modern(part: dict) -> Message | None:
    reason = _check_common(part)
    kind, module, registered = part.get("class_name"), part.get("module"), part.get("registered_name")
    if reason or kind is None or kind in VALUES:
        return reason
    if kind == "function":
        name = part.get("config")
        plain = module in (None, "builtins", "keras.activations") and registered in (None, "function", name)
        allowed = isinstance(name, str) and name in ACTIVATIONS and plain
        own = str(name).startswith("carvis>") and str(name).removeprefix("carvis>") in OWN
        own = own and module in _OWN_MODULES
        return None if allowed or own else _foreign_function(_full(module, name))
    operation = isinstance(module, str) and _OPERATIONS.fullmatch(module) and re.fullmatch(r"[A-Z]\w*", kind)
    allowed = kind in LAYERS | MODELS | PARTS and (module is None or bool(_MODULES.fullmatch(str(module))))
    allowed = allowed or any(kind in names and module in (None, place) for place, names in APPLICATION_LAYERS.items())
    # A file of the HDF5 kind names no modules: an operation of the graph is known by a config without settings.
    bare = module is None and re.fullmatch(r"[A-Z]\w*", kind) and "trainable" not in (part.get("config") or {})
    own = (registered == f"carvis>{kind}" and module in _OWN_MODULES) or (module is None and kind.startswith("carvis>"))
    if own and kind.removeprefix("carvis>") in OWN:
        return None
    if registered not in (None, kind) or not (operation or allowed or (bare and "inbound_nodes" in part)):
        return _foreign_class(_full(module, registered or kind))
    return None


def _full(module: object, name: object) -> str:
    return f"{module}.{name}" if module and module != "builtins" else str(name)
