from .extraction import embeddings
from .kept import Evaluated, stored_embeddings
from .result import SOURCES, Embeddings, Source

__all__ = [
    "SOURCES",
    "Embeddings",
    "Evaluated",
    "Source",
    "embeddings",
    "stored_embeddings",
]
