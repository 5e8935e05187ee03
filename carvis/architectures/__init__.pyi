from .backbones import BACKBONES, Backbone, backbone_of, preprocessing_for
from .frozen_layers import freeze_base, open_last_block
from .model import build_model, check_request, set_trainable
from .recipes import RECIPES, Recipe
from .vgg import fold_batch_norm
from .weights import read_weights, take_weights

__all__ = [
    "BACKBONES",
    "RECIPES",
    "Backbone",
    "Recipe",
    "backbone_of",
    "build_model",
    "check_request",
    "fold_batch_norm",
    "freeze_base",
    "open_last_block",
    "preprocessing_for",
    "read_weights",
    "set_trainable",
    "take_weights",
]
