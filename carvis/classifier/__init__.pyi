from .card import ModelCard, card_path, read_card, update_card, write_card
from .classifier import Classifier
from .files.summary import describe_model_file
from .preprocessing import PREPROCESSING
from .reader import load_classifier
from .writer import save_classifier

__all__ = [
    "PREPROCESSING",
    "Classifier",
    "ModelCard",
    "card_path",
    "describe_model_file",
    "load_classifier",
    "read_card",
    "save_classifier",
    "update_card",
    "write_card",
]
