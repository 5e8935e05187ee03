from .atlas import PARTS
from .dataset import draw_pretraining, draw_split
from .defaults import training_defaults
from .makes import MAKES, OTHER_MAKES
from .plan import BODIES, PER_CLASS, class_names, plan_split
from .regeneration import rebuild, restore_demo
from .restoration import MissingImages, draw_missing, missing_images
from .scene import draw_car
from .shipped import shipped_thumbnail, write_embeddings, write_thumbnails

__all__ = [
    "BODIES",
    "MAKES",
    "OTHER_MAKES",
    "PARTS",
    "PER_CLASS",
    "MissingImages",
    "class_names",
    "draw_car",
    "draw_missing",
    "draw_pretraining",
    "draw_split",
    "missing_images",
    "plan_split",
    "rebuild",
    "restore_demo",
    "shipped_thumbnail",
    "training_defaults",
    "write_embeddings",
    "write_thumbnails",
]
