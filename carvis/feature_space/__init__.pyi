from .distances import distance_to_nearest, nearest, unit_vectors
from .extraction import embeddings, image_embedding, no_images, none_readable
from .feature_clusters import cluster_table, clusters
from .image_neighbours import neighbours
from .neighbour_words import neighbour_finding
from .procrustes import aligned
from .projection import Layout, layout, trustworthiness
from .recorder import Recorder, recording
from .result import SOURCES, Embeddings, Source
from .shipped import SHIPPED, read_shipped, write_shipped
from .split_content import SplitContent, content_of
from .stored import Evaluated, stored_embeddings
from .vector_neighbours import neighbour_table, rows_of

__all__ = [
    "SHIPPED",
    "SOURCES",
    "Embeddings",
    "Evaluated",
    "Layout",
    "Recorder",
    "Source",
    "SplitContent",
    "aligned",
    "cluster_table",
    "clusters",
    "content_of",
    "distance_to_nearest",
    "embeddings",
    "image_embedding",
    "layout",
    "nearest",
    "neighbour_finding",
    "neighbour_table",
    "neighbours",
    "no_images",
    "none_readable",
    "read_shipped",
    "recording",
    "rows_of",
    "stored_embeddings",
    "trustworthiness",
    "unit_vectors",
    "write_shipped",
]
