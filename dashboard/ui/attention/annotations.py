"""The annotated parts that page Where models look can use: what lies in the data set, uploads, one box."""

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
    """Annotations by the name that stands in the URL."""

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
    found = {path.name: Source(path.name, path) for path in find_parts(dataset)}
    for name, path in st.session_state.get(UPLOADS, {}).items():
        found.setdefault(name, Source(name, Path(path), uploaded=True))
    return found | {BOX: Source(BOX, None)}


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
        kept = _keep(files)
        if kept and kept != st.session_state.get(UPLOADS):
            st.session_state[UPLOADS] = kept
            selection.change(parts=list(kept)[-1])
            st.rerun()


def _keep(files: list[UploadedFile]) -> dict[str, str]:
    place = workspace.get().cache_dir / "annotations"
    kept, letters = {}, [file for file in files if file.name.lower().endswith(".xml")]
    for file in files:
        content = file.getvalue()
        # Only the ending of a name from elsewhere is used for a path.
        suffix = Path(file.name).suffix.lower()[:16]
        if file not in letters:
            path = place / f"{content_hash(content)}{suffix}"
            kept[_clean(file.name)] = str(path if path.exists() else atomic_write(path, content))
    if letters:
        folder = place / content_hash(*(file.getvalue() for file in letters))
        for number, file in enumerate(letters):
            if not (path := folder / f"{number}.xml").exists():
                atomic_write(path, file.getvalue())
        kept[_("{n} XML files").format(n=len(letters))] = str(folder)
    return kept


def _clean(name: str) -> str:
    return re.sub(r"[^\w .()-]", "_", Path(name).name)[:80] or "annotations"


def read(source: Source, dataset: Dataset, split: str) -> Parts | None:
    """Read annotations, or show the sentence why that cannot be done and return None."""
    if source.path is None:
        return _box(dataset, split)
    place = source.path
    with guarded():
        files: list[str | Path] = (
            [found.path for found in walk(place, links_around(place))] if place.is_dir() else [place]
        )
        times = content_hash(*(f"{file} {modified(file)}" for file in sorted(files, key=str)))
        found = _read(str(place), dataset.fingerprint, split, times, _pictures=dataset)
        # An uploaded file goes by the hash of its content: a person knows it by its name.
        name = place.name
        for sentence in found.notes:
            st.caption(plain(of_library(sentence).replace(name, source.key)))
        return found
    return None


@read_once(max_entries=16)
def _read(path: str, fingerprint: str, split: str, times: str, *, _pictures: Dataset) -> Parts:
    return read_parts(path, _pictures, split)


def _box(dataset: Dataset, split: str) -> Parts | None:
    """Let a person set a box on a picture, with a preview."""
    samples = dataset.samples(split)
    if samples.empty:
        return None
    wanted = next((one for one in selection.get().sample if one in set(samples["id"])), samples["id"].iloc[0])
    label = samples.loc[samples["id"] == wanted, "label"].iloc[0]
    with st.container(border=True), st.grid(2, min_column_width=260):
        left, right = st.container(), st.container()
    with left:
        names = sorted(samples["label"].unique())
        selection.show("box_class", label)
        take = selection.by_person("box_class", _take_class)
        st.selectbox(_("Class"), names, key="box_class", on_change=careful(take), args=(dataset, split))
        ids = samples.loc[samples["label"] == label, "id"].tolist()
        selection.show("box_sample", wanted)
        st.selectbox(
            _("Image"),
            ids,
            format_func=lambda sample: sample.rsplit("/", 1)[-1],
            key="box_sample",
            on_change=selection.by_person("box_sample", _take_sample),
        )
        try:
            image = read_image(dataset.resolve(wanted))
        except CarvisError as problem:
            st.error(plain(problem), icon=":material/error:")
            return None
        height, width = image.shape[:2]
        across = st.slider(
            _("Left and right edge, in pixels"), 0, width, (width // 3, 2 * width // 3), key=f"box_across_{wanted}"
        )
        down = st.slider(
            _("Top and bottom edge, in pixels"), 0, height, (height // 3, 2 * height // 3), key=f"box_down_{wanted}"
        )
        name = st.text_input(_("Name of the part"), "box", max_chars=40, key="box_name").strip() or "box"
    with right:
        st.image(_framed(image, across, down), width="stretch", alt=_("The image with the box drawn on it"))
    with guarded():
        return box_parts(dataset, wanted, (across[0], down[0], across[1], down[1]), name)
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
    words = n_("{n} of {total} image is annotated", "{n} of {total} images are annotated", total)
    names = ", ".join(parts.names[:12]) + (" …" if len(parts.names) > 12 else "")
    return f"{words.format(n=f'{len(parts):,}', total=f'{total:,}')}: {plain(names)}"


def dataset() -> Dataset | None:
    """Open the chosen data set; None where there is none or it cannot be read."""
    with guarded():
        if name := current.dataset_name():
            return workspace.dataset(name)
    return None
