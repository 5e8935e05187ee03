"""A data set: folders ``train``, ``valid``, ``test``, each with one folder a class."""

from carvis.dataset.dataset import Dataset
from carvis.dataset.ids import canonical_id
from carvis.dataset.image_paths import NamedImage, distinct, expand, find_images
from carvis.dataset.labels import label_of_path
from carvis.dataset.pipeline import Unreadable, pipeline
from carvis.dataset.places import dataset_of, datasets_of
from carvis.workspace import SPLITS, canonical_split, is_dataset

__all__ = [
    "SPLITS", "Dataset", "NamedImage", "Unreadable", "canonical_id", "canonical_split", "dataset_of", "datasets_of",
    "distinct", "expand", "find_images", "is_dataset", "label_of_path", "pipeline",
]  # fmt: skip
