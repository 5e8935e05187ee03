"""What the concepts of a class say: in sentences, on one image, and beside annotated parts."""

import pandas as pd
import streamlit as st

from carvis.dataset import Dataset
from carvis.dataset.parts import find_parts, read_parts
from carvis.explain.concepts import Concepts, match_parts
from carvis.figures.concepts import mapped
from carvis.images import encode_image, fitted, read_image
from ui.concepts.cards import title
from ui.concepts.selection import ConceptsSelection
from ui.state import selection, workspace
from ui.state.i18n import _, n_, of_library, shown_as
from ui.widgets.text import percent, plain

_SIDE, _BEST = 420, 3


def show_basis(found: Concepts) -> None:
    """Say what the concepts were found in, how well they account for it, and what to know of them."""
    n = len(found.images)
    st.caption(
        n_("{n} image, {crops} crops, layer {layer}.", "{n} images, {crops} crops, layer {layer}.", n).format(
            n=f"{n:,}", crops=f"{found.setup['crops']:,}", layer=plain(found.layer)
        )
        + " "
        + _("Reconstruction error: {crops} of the crops, {positions} of single positions.").format(
            crops=percent(found.reconstruction_error), positions=percent(found.position_error)
        )
    )
    for note in found.notes:
        st.caption(f":material/info: {plain(of_library(note))}")


def show_agreement(found: Concepts) -> None:
    """Say which concept counts most, and whether its removal confirms the importances."""
    sentence = _("**{name}** counts most: {share} of the variance of the score. Removing it costs {fall}.")
    fall = f"{found.falls[:, 0].mean():.2f}".replace("-", "−")
    words = sentence.format(name=plain(title(found, 0)), share=percent(min(1.0, float(found.importance[0]))), fall=fall)
    if found.agreement == found.agreement:
        words += " " + _("Importance and removal agree with a rank correlation of {rho}.").format(
            rho=f"{found.agreement:.2f}".replace("-", "−")
        )
    st.markdown(words)


def show_image(found: Concepts, paths: dict[str, str]) -> None:
    """Show the map of the chosen concept on the chosen image, beside the image."""
    chosen = selection.get(ConceptsSelection)
    ids = [sample for sample in found.images["id"] if sample in paths]
    if not ids:
        return
    st.subheader(_("On one image"), anchor=False)
    names = {place: title(found, place - 1) for place in range(1, len(found) + 1)}
    concept = min(chosen.concept, len(found))
    best = found.crops[found.crops["concept"] == concept - 1].sort_values("rank")["id"].tolist()
    first = next((sample for sample in (chosen.con_image, *best) if sample in ids), ids[0])
    with st.container(horizontal=True):
        st.selectbox(
            _("Concept"), list(names), format_func=shown_as(names), **selection.control("concept", concept), width=260
        )
        st.selectbox(_("Image"), ids, **selection.control("con_image", first), width=360)
    with st.container(horizontal=True):
        image = encode_image(fitted(read_image(paths[first]), _SIDE, enlarge=True))
        st.image(image, width=320, alt=first, caption=plain(first.rsplit("/", 1)[-1]))
        drawn = encode_image(mapped(found, concept - 1, paths, first))
        st.image(
            drawn,
            width=320,
            alt=_("Map of {concept} on {image}").format(concept=names[concept], image=first),
            caption=_("{concept}: one scale for all images").format(concept=plain(names[concept])),
        )


def show_parts(found: Concepts, dataset: Dataset, split: str) -> None:
    """Show how well the regions of the concepts match the annotated parts, where there are any."""
    source = next(iter(find_parts(dataset)), None)
    if source is None:
        return
    st.subheader(_("Match with annotated parts"), anchor=False)
    table = _matches(
        found.key, str(source), workspace.times_below(source), dataset.fingerprint, split, _found=found, _data=dataset
    )
    rows = []
    for concept, group in table.groupby("concept"):
        for row in group.sort_values("iou", ascending=False).head(_BEST).to_dict("records"):
            if row["iou"] > 0:
                rows.append(
                    {
                        _("Concept"): title(found, int(str(concept))),
                        _("Part"): row["part"],
                        _("Overlap (IoU)"): row["iou"],
                        _("Hit rate"): row["hit_rate"],
                        _("By chance"): row["area"],
                    }
                )
    numbers = {
        name: st.column_config.NumberColumn(format="%.2f")
        for name in (_("Overlap (IoU)"), _("Hit rate"), _("By chance"))
    }
    st.dataframe(pd.DataFrame(rows), hide_index=True, column_config=numbers)
    st.caption(
        _(
            "Overlap: intersection over union of the concept's region and the part, over all images. Hit rate: the "
            "share of images with the part in which the map's maximum lies on it; by chance it is the part's share of "
            "the image."
        )
    )


@st.cache_data(max_entries=32, show_spinner=False)
def _matches(
    key: str, source: str, times: str, fingerprint: str, split: str, *, _found: Concepts, _data: Dataset
) -> pd.DataFrame:
    return match_parts(_found, read_parts(source, _data, split))
