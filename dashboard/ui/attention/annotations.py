"""The annotated parts for page Where models look: files of the data set, uploads, or boxes drawn by hand."""

import contextlib
import os
import re
from dataclasses import dataclass
from pathlib import Path

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from carvis.dataset import Dataset
from carvis.dataset.parts import DrawnParts, Parts, find_parts, read_parts, with_drawn
from carvis.errors import CarvisError
from carvis.workspace import atomic_write, content_hash
from ui.attention.selection import AttentionSelection
from ui.state import current, selection, workspace
from ui.state.error_log import UPLOADS
from ui.state.file_cache import read_once
from ui.state.i18n import N_, _, n_, of_library
from ui.widgets.layout import guarded
from ui.widgets.text import plain

DRAWN = "drawn"
KINDS = {
    "masks": N_("masks of the data set"),
    "uploaded": N_("uploaded: {name}"),
    DRAWN: N_("boxes drawn by hand"),
}


@dataclass(frozen=True)
class Source:
    """Annotations, with their name in the URL."""

    key: str
    path: Path | None
    uploaded: bool = False
    with_drawn: bool = False

    def words(self) -> str:
        """The name of the annotations as the page shows it."""
        if self.uploaded:
            return _(KINDS["uploaded"]).format(name=self.key)
        name = _(KINDS[self.key]) if self.key in KINDS else self.key
        return _("{name}, with boxes drawn by hand").format(name=name) if self.with_drawn else name


def sources(dataset: Dataset) -> dict[str, Source]:
    """List what can be used, the data set's own first, with the boxes drawn by hand; those can always be drawn."""
    drawn = any_drawn(dataset)
    listed = {path.name: Source(path.name, path, with_drawn=drawn) for path in find_parts(dataset)}
    for name, path in st.session_state.get(UPLOADS, {}).items():
        listed.setdefault(name, Source(name, Path(path), uploaded=True))
    return listed | {DRAWN: Source(DRAWN, None)}


def any_drawn(dataset: Dataset) -> bool:
    """Tell whether boxes were drawn on a data set; also where their file is damaged, which its reading then says."""
    return os.path.lexists(DrawnParts.of(dataset, workspace.get()).path)


def add() -> None:
    """Offer to upload annotations; they are kept in the workspace's cache, named by their content."""
    with st.popover(_("Add annotations"), icon=":material/add_location_alt:"):
        files = st.file_uploader(
            _("COCO (`.json`), Pascal VOC (`.xml`) or a table of boxes (`.csv`)"),
            type=["json", "xml", "csv", "tsv"],
            accept_multiple_files=True,
            key="parts_files",
        )
        st.caption(
            _(
                "Images are matched by id or by the end of their path. A table needs the columns `id`, "
                "`part`, `x1`, `y1`, `x2`, `y2`, in pixels. To keep annotations, put them into the data "
                "set's folder as `annotations.json`, `annotations/*.xml`, `parts.csv`, or masks as "
                "`masks/<split>/<class>/<name>.png` with the names of the parts in `masks/parts.json`."
            )
        )
    with guarded():
        uploads = _store(files)
        if uploads and uploads != st.session_state.get(UPLOADS):
            st.session_state[UPLOADS] = uploads
            selection.change(parts=list(uploads)[-1])
            st.rerun()


def _store(files: list[UploadedFile]) -> dict[str, str]:
    folder = workspace.get().cache_dir / "annotations"
    paths, xml_files = {}, [file for file in files if file.name.lower().endswith(".xml")]
    for file in files:
        content = file.getvalue()
        # Only the ending of a name from elsewhere is used for a path.
        suffix = Path(file.name).suffix.lower()[:16]
        if file not in xml_files:
            path = folder / f"{content_hash(content)}{suffix}"
            paths[_clean(file.name)] = str(path if path.exists() else atomic_write(path, content))
    if xml_files:
        xml_folder = folder / content_hash(*(file.getvalue() for file in xml_files))
        for number, file in enumerate(xml_files):
            if not (path := xml_folder / f"{number}.xml").exists():
                atomic_write(path, file.getvalue())
        paths[_("{n} XML files").format(n=len(xml_files))] = str(xml_folder)
    return paths


def _clean(name: str) -> str:
    return re.sub(r"[^\w .()-]", "_", Path(name).name)[:80] or "annotations"


def read(source: Source, dataset: Dataset, split: str) -> Parts | None:
    """Read annotations, or show the sentence why that cannot be done and return None; None where none are drawn."""
    with guarded():
        own = own_parts(source.path, dataset, split) if source.path else None
        parts = with_drawn(own, dataset, split, workspace.get()) if source.with_drawn or own is None else own
        for sentence in parts.notes if parts else ():
            # An uploaded file goes by the hash of its content: a person knows it by its name.
            shown = of_library(sentence)
            st.caption(plain(shown.replace(source.path.name, source.key) if source.path else shown))
        return parts
    return None


def own_parts(path: Path, dataset: Dataset, split: str) -> Parts:
    """Read annotations of a file or a folder, again only where it has changed.

    Raises:
        TableError: as ``read_parts``.
    """
    return _read(str(path), dataset.fingerprint, split, workspace.times_below(path), _dataset=dataset)


def outlines(dataset: Dataset, split: str) -> Parts | None:
    """Return the data set's masks, which outline the whole object; None where there are none."""
    folder = next((path for path in find_parts(dataset) if path.name == "masks"), None)
    with contextlib.suppress(CarvisError):
        return own_parts(folder, dataset, split) if folder else None
    return None


@read_once(max_entries=16)
def _read(path: str, fingerprint: str, split: str, times: str, *, _dataset: Dataset) -> Parts:
    return read_parts(path, _dataset, split)


def chosen(listed: dict[str, Source]) -> Source:
    """Return the annotations in use: the chosen ones, else the first there are."""
    return listed.get(selection.get(AttentionSelection).parts) or next(iter(listed.values()))


def summary(parts: Parts, dataset: Dataset, split: str) -> str:
    """Say how much of the split is annotated."""
    total = len(dataset.samples(split))
    sentence = n_("{n} of {total} image is annotated", "{n} of {total} images are annotated", total)
    names = ", ".join(parts.names[:12]) + (" …" if len(parts.names) > 12 else "")
    return f"{sentence.format(n=f'{len(parts):,}', total=f'{total:,}')}: {plain(names)}"


def dataset() -> Dataset | None:
    """Open the chosen data set; None where there is none or it cannot be read."""
    with guarded():
        if name := current.dataset_name():
            return workspace.dataset(name)
    return None
