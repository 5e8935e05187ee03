from .augmentation import AUGMENTATIONS, Augmentation, augmentation_cost, views
from .image_batches import ImageSource
from .novelty import (
    FALSE_ALARMS,
    Novelty,
    conformal_p_values,
    conformal_threshold,
    energy,
    neighbour_scores,
)
from .predictor import average_reference, image_sources, predict, predict_images
from .reference import Reference, reference_of
from .table import COLUMNS, NOVELTY_WORDS, Neighbour, Prediction, novelty_finding, predictions_table

__all__ = [
    "AUGMENTATIONS",
    "COLUMNS",
    "FALSE_ALARMS",
    "NOVELTY_WORDS",
    "Augmentation",
    "ImageSource",
    "Neighbour",
    "Novelty",
    "Prediction",
    "Reference",
    "augmentation_cost",
    "average_reference",
    "conformal_p_values",
    "conformal_threshold",
    "energy",
    "image_sources",
    "neighbour_scores",
    "novelty_finding",
    "predict",
    "predict_images",
    "predictions_table",
    "reference_of",
    "views",
]
