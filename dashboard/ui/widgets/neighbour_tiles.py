"""The images nearest to one in a model's features: a sentence on them, and a small tile for each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import streamlit as st

from carvis.demo import shipped_thumbnail
from carvis.errors import CarvisError
from carvis.feature_space import neighbour_finding
from carvis.images import encode_image
from carvis.prediction import Neighbour
from ui.state import selection, workspace
from ui.state.i18n import _
from ui.state.thumbnails import thumbnails
from ui.widgets.text import marked_up, plain, sentence_case

# Of the same photograph the embeddings differ by rounding only.
SAME_FEATURES = 1e-4


@dataclass(frozen=True)
class Marks:
    """What is known of the nearest images beside label and distance.

    Attributes:
        issues: the ids of those that are label issues; None where that is not known.
        duplicates: the ids of near-duplicates of the image.
        compare: the class whose heatmaps a click compares by id, and the URL parameters that do so.
    """

    issues: frozenset[str] | None = None
    duplicates: frozenset[str] = frozenset()
    compare: Mapping[str, tuple[str, dict[str, list[str]]]] = field(default_factory=dict)


def draw(
    nearest: Sequence[Neighbour],
    model: str,
    dataset: str,
    split: str = "train",
    marks: Marks = Marks(),
    most: int = 10,
    width: int = 80,
) -> None:
    """Show a sentence on the nearest images of a split, and at most ``most`` tiles, at least ``width`` px wide."""
    issues = marks.issues
    known = None if issues is None else [near.id in issues for near in nearest]
    finding = neighbour_finding([near.label for near in nearest], model, split, known)
    st.markdown(marked_up(finding, "label", "model"))
    small = thumbnails([path_of(dataset, near.id) for near in nearest[:most]], 160)
    with st.grid(most, min_column_width=width, gap="xsmall"):
        for near, image in zip(nearest, small):
            with st.container(gap="xxsmall"):
                _tile(near, image if isinstance(image, bytes) else _shipped(dataset, near.id), marks)


def _tile(near: Neighbour, image: bytes | None, marks: Marks) -> None:
    if image is None:
        st.caption(f":material/broken_image: {_('Image missing')}")
    else:
        alt = _("Image of {label} at distance {distance}")
        st.image(image, width="stretch", alt=alt.format(label=near.label, distance=f"{near.distance:.3f}"))
    st.caption(f"{plain(near.label)}  \n{near.distance:.3f}")
    # Captions wrap; a badge is cut off where its words are wider than the tile.
    if marks.issues and near.id in marks.issues:
        st.caption(f":orange[:material/flag: {_('label issue')}]")
    if near.id in marks.duplicates:
        st.caption(f":violet[:material/content_copy: {_('near-duplicate')}]")
    elif near.distance < SAME_FEATURES:
        words = _("The model cannot tell the two images apart: they may be near-duplicates.")
        st.caption(f":material/equal: {_('same features')}", help=words)
    if near.id in marks.compare:
        target, link = marks.compare[near.id]
        st.page_link(
            "app_pages/heatmaps.py",
            label=_("Compare"),
            icon=":material/blur_on:",
            help=_("Heatmaps of both images for {target}").format(target=plain(target)),
            query_params=link,
        )


def table(near: Mapping[str, Sequence[Neighbour]], marks: Marks) -> None:
    """List the nearest images of each model with their names, for who looks for a file or hears the page."""
    with st.expander(_("Show as a table"), type="compact"):
        rows = [
            {
                _("Model"): model,
                _("Image"): one.id,
                _("True class"): one.label,
                _("Distance"): one.distance,
                sentence_case(_("label issue")): one.id in marks.issues if marks.issues is not None else None,
                sentence_case(_("near-duplicate")): one.id in marks.duplicates,
            }
            for model, nearest in near.items()
            for one in nearest
        ]
        distance = st.column_config.NumberColumn(format="%.4f")
        st.dataframe(rows, hide_index=True, column_config={_("Distance"): distance})


def link_to_heatmaps(data: str, samples: tuple[str, ...], models: Sequence[str], target: str) -> dict[str, list[str]]:
    """Return the URL parameters of page Heatmaps with some images and the evidence for one class."""
    return selection.link(
        data=data, sample=samples, model=tuple(models), explain=f"class:{target}", against="", open="", table=""
    )


def path_of(dataset: str, sample_id: str) -> str | None:
    """Return where an image of a data set should lie, None where that cannot be said."""
    if dataset not in workspace.datasets():
        return None
    try:
        return str(workspace.dataset(dataset).resolve(sample_id))
    except CarvisError:
        return None


def _shipped(dataset: str, sample_id: str) -> bytes | None:
    """Return the thumbnail that the demo ships of one of its images."""
    root = workspace.datasets().get(dataset)
    image = shipped_thumbnail(root, sample_id) if root else None
    return None if image is None else encode_image(image)
