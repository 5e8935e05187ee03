"""New images: files, a folder, the camera, and images that were chosen on other pages."""

import streamlit as st

from carvis.images import IMAGE_SUFFIXES
from ui.state import current, selection, workspace
from ui.state.i18n import N_, _
from ui.state.samples import MOST_CHOSEN, Sample, find_sample
from ui.state.widget_values import careful
from ui.try_it.selection import TryItSelection
from ui.widgets.layout import guarded
from ui.widgets.pickers import segments

MOST = 500
_SOURCES = {"files": N_("Files"), "folder": N_("Folder"), "camera": N_("Camera")}
_EXAMPLES = 3
_SUFFIXES = [suffix.lstrip(".") for suffix in IMAGE_SUFFIXES]


def choose() -> tuple[list[Sample], int]:
    """Offer the sources of images; return the images, and how many were beyond what the page takes."""
    chosen = selection.get(TryItSelection)
    segments("source", _("Images from"), _SOURCES, chosen.source)
    stay = _("They stay in this browser session and are not saved.")
    if chosen.source == "camera":
        photo = st.camera_input(_("Take a photo"), key="try_it_camera", help=stay)
        files = [photo] if photo else []
    elif chosen.source == "folder":
        files = st.file_uploader(
            _("Drag a folder here"), type=_SUFFIXES, accept_multiple_files="directory", key="try_it_folder", help=stay
        )
    else:
        files = st.file_uploader(
            _("Drag images here"), type=_SUFFIXES, accept_multiple_files=True, key="try_it_files", help=stay
        )
    found = [Sample(f"upload {file.file_id}", file.name, file.getvalue()) for file in files[:MOST]]
    for sample in selection.get().sample[:MOST_CHOSEN]:
        with guarded():
            found.append(find_sample(current.dataset_name(), sample))
    return found, max(0, len(files) - MOST)


def examples() -> list[str]:
    """Return the ids of a few images of the chosen split, of different classes; none where there are none."""
    name, split = current.dataset_name(), current.split()
    if not split:
        return []
    samples = workspace.dataset(name).samples(split)
    return samples.drop_duplicates("label")["id"].head(_EXAMPLES).tolist()


def offer_examples() -> None:
    """Offer to begin with a few images of the data set."""
    with guarded():
        if ids := examples():
            st.button(
                _("Try {n} images of {data}").format(n=len(ids), data=current.dataset_name()),
                icon=":material/image_search:",
                key="try_it_examples",
                on_click=careful(_choose),
                args=(tuple(ids),),
            )


def _choose(ids: tuple[str, ...]) -> None:
    selection.change(data=current.dataset_name(), split=current.split(), sample=ids)


def offer_removal() -> None:
    """Offer to take the images of the data set out again."""
    if selection.get().sample:
        st.button(
            _("Remove the images of the data set"),
            icon=":material/close:",
            type="tertiary",
            key="try_it_remove",
            on_click=careful(_remove),
        )


def _remove() -> None:
    selection.change(sample=())
