"""A data set: folders ``train``, ``valid``, ``test``, each with one folder a class."""

from carvis.dataset.dataset import Dataset
from carvis.dataset.ids import canonical_id
from carvis.dataset.image_paths import NamedImage, distinct, expand, find_images
from carvis.dataset.pipeline import Unreadable, pipeline
from carvis.workspace import SPLITS, canonical_split, is_dataset

__all__ = [
    "SPLITS", "Dataset", "NamedImage", "Unreadable", "canonical_id", "canonical_split", "distinct", "expand",
    "find_images", "is_dataset", "pipeline",
]  # fmt: skip
