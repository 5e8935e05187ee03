from .extraction import embeddings, no_images, workspace_of
from .recording import Recorder, recording
from .result import SOURCES, Embeddings, Source
from .shipped import SHIPPED, read_shipped, write_shipped
from .split_content import SplitContent, content_of
from .stored import Evaluated, stored_embeddings

__all__ = [
    "SHIPPED",
    "SOURCES",
    "Embeddings",
    "Evaluated",
    "Recorder",
    "Source",
    "SplitContent",
    "content_of",
    "embeddings",
    "no_images",
    "read_shipped",
    "recording",
    "stored_embeddings",
    "workspace_of",
    "write_shipped",
]
