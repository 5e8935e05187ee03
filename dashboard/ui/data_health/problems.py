"""Broken files, misnamed ones, near-empty classes, and the sizes of the images."""

import pandas as pd
import streamlit as st

from carvis.dataset.health import Health
from ui.data_health import tiles
from ui.state.i18n import _, of_library
from ui.widgets.text import SPLIT


def show(health: Health) -> None:
    """List broken files, non-images, wrong extensions, near-empty classes, and image sizes."""
    split = {"split": {key: _(text) for key, text in SPLIT.items()}}
    columns = {
        "path": _("File"), "split": _("Split"), "label": _("Class"), "reason": _("Reason"),
        "format": _("Actual format"), "images": _("Images"), "width": _("Width"), "height": _("Height"),
    }  # fmt: skip
    problems = [
        (_("Broken files"), health.broken),
        (_("Files that are not images"), _localised(health.others)),
        (_("Wrong file extension"), health.mistyped),
        (_("Classes with fewer than 10 training images, or without images in a split"), health.sparse),
    ]
    sections = [(f"**{title}** :gray[{len(table):,}]", title, table) for title, table in problems if len(table)]
    if not sections:
        st.success(
            _("No problems: every file can be read, and every class has images."), icon=":material/check_circle:"
        )
    sizes = _("Image sizes")
    for heading, title, table in [*sections, (f"**{sizes}**", sizes, health.sizes)]:
        st.markdown(heading)
        shown = table.head(1000).replace(split).rename(columns=columns)
        st.dataframe(shown, hide_index=True, alt=f"{title}: {len(table)}", height="content" if len(table) < 10 else 320)
    broken = pd.concat([health.broken, health.others, health.mistyped], ignore_index=True)
    if len(broken):
        tiles.save(_("Download the problems"), broken, f"{health.name}-problems.csv")


def _localised(files: pd.DataFrame) -> pd.DataFrame:
    return files.assign(reason=[of_library(reason) for reason in files["reason"]])
