"""The annotated parts for page Where models look: files of the data set, uploads, or one box."""

import re
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from carvis.dataset import Dataset
from carvis.dataset.parts import Parts, box_parts, find_parts, read_parts
from carvis.errors import CarvisError
from carvis.images import encode_image, read_image
from carvis.workspace import atomic_write, content_hash, links_around, modified, walk
from ui.attention.selection import AttentionSelection
from ui.state import current, selection, workspace
from ui.state.error_log import UPLOADS
from ui.state.file_cache import read_once
from ui.state.i18n import N_, _, n_, of_library
from ui.state.widget_values import careful
from ui.widgets.layout import guarded
from ui.widgets.text import plain

BOX = "box"
_PREVIEW_SIDE = 420
_BOX_COLOUR = (255, 64, 64)
KINDS = {
    "masks": N_("masks of the data set"),
    "uploaded": N_("uploaded: {name}"),
    BOX: N_("one box on one image"),
}


@dataclass(frozen=True)
class Source:
    """Annotations, with their name in the URL."""

    key: str
    path: Path | None
    uploaded: bool = False

    def words(self) -> str:
        """The name of the annotations as the page shows it."""
        if self.uploaded:
            return _(KINDS["uploaded"]).format(name=self.key)
        return _(KINDS[self.key]) if self.key in KINDS else self.key


def sources(dataset: Dataset) -> dict[str, Source]:
    """List what can be used, the data set's own first; one box is always possible."""
    listed = {path.name: Source(path.name, path) for path in find_parts(dataset)}
    for name, path in st.session_state.get(UPLOADS, {}).items():
        listed.setdefault(name, Source(name, Path(path), uploaded=True))
    return listed | {BOX: Source(BOX, None)}


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
    """Read annotations, or show the sentence why that cannot be done and return None."""
    if source.path is None:
        return _box(dataset, split)
    path = source.path
    with guarded():
        files: list[str | Path] = [file.path for file in walk(path, links_around(path))] if path.is_dir() else [path]
        times = content_hash(*(f"{file} {modified(file)}" for file in sorted(files, key=str)))
        parts = _read(str(path), dataset.fingerprint, split, times, _dataset=dataset)
        # An uploaded file goes by the hash of its content: a person knows it by its name.
        name = path.name
        for sentence in parts.notes:
            st.caption(plain(of_library(sentence).replace(name, source.key)))
        return parts
    return None


@read_once(max_entries=16)
def _read(path: str, fingerprint: str, split: str, times: str, *, _dataset: Dataset) -> Parts:
    return read_parts(path, _dataset, split)


def _box(dataset: Dataset, split: str) -> Parts | None:
    """Let a person draw a box on an image, with a preview."""
    samples = dataset.samples(split)
    if samples.empty:
        return None
    chosen_id = next(
        (sample for sample in selection.get().sample if sample in set(samples["id"])), samples["id"].iloc[0]
    )
    label = samples.loc[samples["id"] == chosen_id, "label"].iloc[0]
    with st.container(border=True), st.grid(2, min_column_width=260):
        left, right = st.container(), st.container()
    with left:
        names = sorted(samples["label"].unique())
        selection.show("box_class", label)
        on_class = selection.by_person("box_class", _take_class)
        st.selectbox(_("Class"), names, key="box_class", on_change=careful(on_class), args=(dataset, split))
        ids = samples.loc[samples["label"] == label, "id"].tolist()
        selection.show("box_sample", chosen_id)
        st.selectbox(
            _("Image"),
            ids,
            format_func=lambda sample: sample.rsplit("/", 1)[-1],
            key="box_sample",
            on_change=selection.by_person("box_sample", _take_sample),
        )
        try:
            image = read_image(dataset.resolve(chosen_id))
        except CarvisError as problem:
            st.error(plain(problem), icon=":material/error:")
            return None
        height, width = image.shape[:2]
        across = st.slider(
            _("Left and right edge, in pixels"), 0, width, (width // 3, 2 * width // 3), key=f"box_across_{chosen_id}"
        )
        down = st.slider(
            _("Top and bottom edge, in pixels"), 0, height, (height // 3, 2 * height // 3), key=f"box_down_{chosen_id}"
        )
        name = st.text_input(_("Name of the part"), "box", max_chars=40, key="box_name").strip() or "box"
    with right:
        st.image(_framed(image, across, down), width="stretch", alt=_("The image with the box drawn on it"))
    with guarded():
        return box_parts(dataset, chosen_id, (across[0], down[0], across[1], down[1]), name)
    return None


def _framed(image: np.ndarray, across: tuple[int, int], down: tuple[int, int]) -> bytes:
    factor = _PREVIEW_SIDE / max(image.shape[:2])
    shown = cv2.resize(
        image, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA if factor < 1 else cv2.INTER_LINEAR
    )
    first, last = ((round(x * factor), round(y * factor)) for x, y in zip(across, down))
    cv2.rectangle(shown, first, last, _BOX_COLOUR, 2)
    return encode_image(shown)


def _take_class(dataset: Dataset, split: str) -> None:
    samples = dataset.samples(split)
    first = samples.loc[samples["label"] == st.session_state["box_class"], "id"].iloc[0]
    selection.change(sample=(first,))


def _take_sample() -> None:
    selection.change(sample=(st.session_state["box_sample"],))


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
