"""Where things lie: roots, safe path resolution, locks, atomic writes, a content-named cache."""

from carvis.workspace.array_file import ArrayFile, open_arrays
from carvis.workspace.cache import Cache
from carvis.workspace.files import (
    atomic_path,
    atomic_write,
    content_hash,
    is_text,
    lock,
    modified,
    sha256_of_file,
    shown,
)
from carvis.workspace.json_file import check_json, json_text, parse_json, read_json, write_json
from carvis.workspace.layout import SPLITS, canonical_split, is_dataset, is_demo, split_folders
from carvis.workspace.parquet_file import Column, read_parquet
from carvis.workspace.refusal import Unusable, read_content, refusal
from carvis.workspace.regular_file import open_regular, read_regular
from carvis.workspace.roots import MODEL_SUFFIXES, Workspace, resolve_inside

__all__ = [
    "MODEL_SUFFIXES",
    "SPLITS",
    "ArrayFile",
    "Cache",
    "Column",
    "Unusable",
    "Workspace",
    "atomic_path",
    "atomic_write",
    "canonical_split",
    "check_json",
    "content_hash",
    "is_dataset",
    "is_demo",
    "is_text",
    "json_text",
    "lock",
    "modified",
    "open_arrays",
    "open_regular",
    "parse_json",
    "read_content",
    "read_json",
    "read_parquet",
    "read_regular",
    "refusal",
    "resolve_inside",
    "sha256_of_file",
    "shown",
    "split_folders",
    "write_json",
]
