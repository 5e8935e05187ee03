from .analysis import concepts
from .concept_regions import concept_parts, confirmed_by_occlusion, match_concepts, match_parts
from .names import LONGEST_NAME, save_names, with_names
from .result import Concepts, rank_correlation
from .settings import ConceptSettings
from .storage import (
    CONCEPTS_FORMAT,
    concepts_key,
    load_cached_concepts,
    load_concepts,
    save_concepts,
    split_fingerprint,
)

__all__ = [
    "CONCEPTS_FORMAT",
    "LONGEST_NAME",
    "ConceptSettings",
    "Concepts",
    "concept_parts",
    "concepts",
    "concepts_key",
    "confirmed_by_occlusion",
    "load_cached_concepts",
    "load_concepts",
    "match_concepts",
    "match_parts",
    "rank_correlation",
    "save_concepts",
    "save_names",
    "split_fingerprint",
    "with_names",
]
