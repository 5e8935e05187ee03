"""The images of one slice as a gallery, and the same images on pages Image map and Misclassified."""

import numpy as np
import pandas as pd
import streamlit as st

from carvis.errors import CarvisError
from carvis.subgroups import Slice, Slices
from carvis.tags.image_sets import LONGEST_NAME
from carvis.workspace import content_hash
from ui.slices import controls
from ui.state import current, selection, workspace
from ui.state.i18n import _, n_, of_library
from ui.widgets import gallery, gallery_page
from ui.widgets.image_sets import store
from ui.widgets.layout import error
from ui.widgets.paging import on_page


def show(found: Slices, table: str) -> None:
    """Show the images of the chosen slice, the errors first, the most confident before the others.

    Args:
        found: the slices.
        table: the name of the evaluation that was searched.
    """
    # On a narrow screen one below the other: a slice's words are long.
    left, right = st.columns([2, 1], vertical_alignment="bottom")
    with left:
        controls.choose_slice(found)
    with right:
        only_wrong = controls.choose_images() == "wrong"
    one = found.slices[controls.chosen(found)]
    rows = _rows(found, one)
    wrong = rows["label"] != rows["predicted"]
    shown = rows[wrong] if only_wrong else rows
    words = n_("{wrong} of {n} image misclassified.", "{wrong} of {n} images misclassified.", len(rows))
    st.caption(words.format(wrong=f"{int(wrong.sum()):,}", n=f"{len(rows):,}"))
    part = on_page(shown, gallery_page.PER_PAGE)
    with st.container(horizontal=True):
        if len(part) and not selection.get().open:
            gallery.offer_one_by_one(table, part["id"].iloc[0])
        _links(one, table)
    gallery.basket()
    if shown.empty:
        st.info(_("No image matches the filters: relax them."), icon=":material/filter_alt_off:")
        return
    gallery_page.show(shown, part, table)


def _rows(found: Slices, one: Slice) -> pd.DataFrame:
    predictions = found.evaluation.predictions
    columns = ["id", "label", "predicted", "confidence", "sha256"]
    rows = predictions.loc[predictions["id"].isin(one.ids), columns]
    name = current.dataset_name()
    samples = workspace.dataset(name).samples(current.split())
    path = rows["id"].map(dict(zip(samples["id"], samples["path"])))
    rows = rows.assign(path=path, status=np.where(path.notna(), "found", "missing"), data=name)
    right = rows["label"] == rows["predicted"]
    order = np.lexsort((-rows["confidence"].to_numpy(float), right.to_numpy(bool)))
    return rows.iloc[order].reset_index(drop=True)


def _links(one: Slice, table: str) -> None:
    """Offer the same images on two other pages, under the name of a set that is saved for it."""
    model = table.rsplit("/", 1)[-1]
    targets = {
        "image_map": (_("On the image map"), ":material/scatter_plot:", {"find": "", "cluster": "", "moved": ""}),
        "misclassified": (
            _("On page Misclassified"),
            ":material/rule:",
            {"table": table, "family": (), "answers": (), "tag": "", "low": 0, "high": 100, "look": "gallery"},
        ),
    }
    for page, (label, icon, reset) in targets.items():
        if not st.button(label, icon=icon, key=f"slice_on_{page}"):
            continue
        try:
            name = store().save(current.dataset_name(), set_name(one), one.ids, replace=True)
        except CarvisError as problem:
            error(problem)
            continue
        others = [other for other in selection.get().model if other != model]
        models = {"model": (model, *others)} if page == "image_map" else {}
        link = selection.link(**reset, **models, true="", pred="", image_set=name)
        st.switch_page(f"app_pages/{page}.py", query_params=link)


def set_name(one: Slice) -> str:
    """Return the name of the set of a slice's images; its end tells sets of other images apart."""
    end = f" · {content_hash(sorted(one.ids))[:6]}"
    words = " ".join(of_library(one.images).split())
    return words[: LONGEST_NAME - len(end)].rstrip() + end
