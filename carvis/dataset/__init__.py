"""A data set: folders ``train``, ``valid``, ``test``, each with one folder a class."""

from carvis.dataset.dataset import Dataset
from carvis.dataset.image_paths import NamedImage, distinct, expand, find_images
from carvis.dataset.location import dataset_of, datasets_of, workspace_of
from carvis.dataset.tf_data import Unreadable, pipeline
from carvis.tables.path_labels import label_of_path
from carvis.workspace import SPLITS, canonical_split, is_dataset
from carvis.workspace.sample_ids import canonical_id

__all__ = [
    "SPLITS", "Dataset", "NamedImage", "Unreadable", "canonical_id", "canonical_split", "dataset_of", "datasets_of",
    "distinct", "expand", "find_images", "is_dataset", "label_of_path", "pipeline", "workspace_of",
]  # fmt: skip
