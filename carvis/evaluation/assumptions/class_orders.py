"""Orders that a model's classes may be in: by name, and the one that fits its predictions best."""

import re
import unicodedata
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from carvis.dataset import Dataset
from carvis.workspace.sample_ids import composed

if TYPE_CHECKING:
    from carvis.classifier import Classifier

CHOSEN, FITTED = "assumed", "fitted"


def class_orders(clf: "Classifier", data: Dataset) -> dict[str, list[str]]:
    """Return the orders that the model's classes may well be in, the assumed one first; each order once.

    These are Keras' order of the folders, the orders of composed and decomposed names, numbers by their value
    (class2 before class10), regardless of case, and those of files of names beside the model.
    """
    count = len(clf.class_names)
    orders = {CHOSEN: [composed(name) for name in clf.class_names]}
    names = data.keras_class_names if len(data.keras_class_names) == count else data.class_names
    if len(names) == count:
        orders["keras"] = names
        orders["composed"] = sorted(names)
        orders["decomposed"] = sorted(names, key=lambda name: unicodedata.normalize("NFD", name))
        orders["natural"] = sorted(names, key=_natural)
        orders["caseless"] = sorted(names, key=lambda name: (name.casefold(), name))
    if clf.path:
        from carvis.classifier.files.label_file import names_beside

        for file, listed in names_beside(Path(clf.path), data.class_names).items():
            if len(listed) == count and set(map(composed, listed)) & set(data.class_names):
                orders[file.name] = [composed(name) for name in listed]
    different: dict[tuple[str, ...], str] = {}
    for order_name, order in orders.items():
        different.setdefault(tuple(order), order_name)
    return {order_name: list(order) for order, order_name in different.items()}


def _natural(name: str) -> list:
    parts = re.split(r"(\d+)", name.casefold())
    return [(int(part), "") if i % 2 else (0, part) for i, part in enumerate(parts)] + [(0, name)]


def positions(labels: NDArray[np.object_], order: list[str]) -> NDArray[np.int_]:
    """Return each label's place in an order, int (N,); -2 for one that the order lacks."""
    place = {name: i for i, name in enumerate(order)}
    return np.array([place.get(label, -2) for label in labels], int)


def best_order(labels: NDArray[np.object_], predicted: NDArray[np.int_], names: list[str]) -> list[str]:
    """Return the names in the order under which most predictions are right.

    This is the assignment problem (Kuhn, Naval Research Logistics Quarterly 2, 1955) over the counts of label and
    predicted place; places that nothing speaks for take the names left over, in their order.

    Args:
        labels: (N,) names.
        predicted: int (N,), places in the model's output, negative where there is none.
        names: as many as the model has outputs.
    """
    from scipy.optimize import linear_sum_assignment

    counts = np.zeros((len(names), len(names)))
    rows = positions(labels, names)
    valid = (rows >= 0) & (predicted >= 0)
    np.add.at(counts, (rows[valid], predicted[valid]), 1)
    # Among equals the order stays as it is.
    counts += np.eye(len(names)) * 1e-3
    order = list(names)
    for row, place in zip(*linear_sum_assignment(-counts)):
        order[place] = names[row]
    return order


def right_under_best_order(
    labels: NDArray[np.object_], predicted: NDArray[np.int_], names: list[str]
) -> NDArray[np.bool_]:
    """Tell which predictions are right under the best order found on the other half of the images, bool (N,).

    An order fitted to the same images that judge it would always seem better than any other.
    """
    half = np.arange(len(labels)) % 2 == 0
    # Whole rounds of a stratified sample alternate, so that each half holds every class.
    for name in set(labels.tolist()):
        indices = np.flatnonzero(labels == name)
        half[indices] = np.arange(len(indices)) % 2 == 0
    right = np.zeros(len(labels), bool)
    for part in (half, ~half):
        order = best_order(labels[~part], predicted[~part], names)
        right[part] = positions(labels[part], order) == predicted[part]
    return right
