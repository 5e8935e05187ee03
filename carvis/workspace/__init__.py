"""Where things lie: roots, safe path resolution, locks, atomic writes, a content-named cache."""

from carvis.workspace.array_cache import ArrayCache, ArrayWriter
from carvis.workspace.array_file import ArrayFile, open_arrays
from carvis.workspace.cache import Cache, CacheFormat, load_cached, load_or_make, store_cached
from carvis.workspace.files import (
    FileStamp,
    atomic_path,
    atomic_write,
    content_hash,
    file_stamp,
    is_text,
    lock,
    modified,
    sha256_of_file,
    shown,
)
from carvis.workspace.json_file import check_json, json_text, parse_json, read_json, write_json
from carvis.workspace.layout import (
    SPLIT_REPORT,
    SPLITS,
    SplitName,
    canonical_split,
    dataset_links,
    is_dataset,
    is_demo,
    linked_datasets,
    links_around,
    split_folders,
)
from carvis.workspace.links import LINKS_VARIABLE, Links, links_beside, refuse_links_out, resolved
from carvis.workspace.names import LONGEST, check_length, fitting, not_empty
from carvis.workspace.os_errors import not_written, os_reason, os_remedy, os_sentence, shown_path
from carvis.workspace.parquet_file import Column, read_parquet
from carvis.workspace.regular_file import append_regular, open_regular, read_regular
from carvis.workspace.roots import MODEL_SUFFIXES, Workspace, resolve_inside
from carvis.workspace.staging import FolderTakenError, discard, finish_moves, staged_folder, write_errors
from carvis.workspace.temporary import clear_leftovers, final_place, free_name
from carvis.workspace.tree import DEEPEST, Refused, children, walk
from carvis.workspace.unusable_files import Unusable, read_content, refusal

__all__ = [
    "DEEPEST",
    "LINKS_VARIABLE",
    "LONGEST",
    "MODEL_SUFFIXES",
    "SPLITS",
    "SPLIT_REPORT",
    "ArrayCache",
    "ArrayFile",
    "ArrayWriter",
    "Cache",
    "CacheFormat",
    "Column",
    "FileStamp",
    "FolderTakenError",
    "Links",
    "Refused",
    "SplitName",
    "Unusable",
    "Workspace",
    "append_regular",
    "atomic_path",
    "atomic_write",
    "canonical_split",
    "check_json",
    "check_length",
    "children",
    "clear_leftovers",
    "content_hash",
    "dataset_links",
    "discard",
    "file_stamp",
    "final_place",
    "finish_moves",
    "fitting",
    "free_name",
    "is_dataset",
    "is_demo",
    "is_text",
    "json_text",
    "linked_datasets",
    "links_around",
    "links_beside",
    "load_cached",
    "load_or_make",
    "lock",
    "modified",
    "not_empty",
    "not_written",
    "open_arrays",
    "open_regular",
    "os_reason",
    "os_remedy",
    "os_sentence",
    "parse_json",
    "read_content",
    "read_json",
    "read_parquet",
    "read_regular",
    "refusal",
    "refuse_links_out",
    "resolve_inside",
    "resolved",
    "sha256_of_file",
    "shown",
    "shown_path",
    "split_folders",
    "staged_folder",
    "store_cached",
    "walk",
    "write_errors",
    "write_json",
]
