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
from carvis.workspace.layout import SPLITS, canonical_split, is_dataset, is_demo, split_folders
from carvis.workspace.regular_file import open_regular, read_regular
from carvis.workspace.roots import MODEL_SUFFIXES, Workspace, resolve_inside
from carvis.workspace.staging import FolderTakenError, discard, settle, staged_folder, write_errors
from carvis.workspace.temporary import clear_leftovers, final_place, free_name

__all__ = [
    "MODEL_SUFFIXES",
    "SPLITS",
    "Cache",
    "FolderTakenError",
    "Workspace",
    "atomic_path",
    "atomic_write",
    "canonical_split",
    "clear_leftovers",
    "content_hash",
    "discard",
    "final_place",
    "free_name",
    "is_dataset",
    "is_demo",
    "is_text",
    "lock",
    "modified",
    "open_regular",
    "read_regular",
    "resolve_inside",
    "settle",
    "sha256_of_file",
    "shown",
    "split_folders",
    "staged_folder",
    "write_errors",
]
