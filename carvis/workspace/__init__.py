"""Where things lie: roots, safe path resolution, locks, atomic writes, a content-named cache."""

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
from carvis.workspace.regular_file import open_regular, read_regular
from carvis.workspace.roots import MODEL_SUFFIXES, Workspace, resolve_inside

__all__ = [
    "MODEL_SUFFIXES",
    "SPLITS",
    "Cache",
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
    "open_regular",
    "parse_json",
    "read_json",
    "read_regular",
    "resolve_inside",
    "sha256_of_file",
    "shown",
    "split_folders",
    "write_json",
]
