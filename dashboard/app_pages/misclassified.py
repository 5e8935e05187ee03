"""Misclassified: the images that a model misclassifies, as a gallery."""

import pandas as pd
import streamlit as st

from ui.misclassified import controls, filters, label_queue, summary
from ui.misclassified.selection import MisclassifiedSelection
from ui.state import current, evaluations, selection, unreadable
from ui.state.i18n import _, n_
from ui.widgets import commands, gallery, large_view, stale_warning, tag_editor
from ui.widgets.layout import empty, guarded, heading, stop
from ui.widgets.paging import choose_page, on_page
from ui.widgets.text import plain

PER_PAGE = 24

heading(
    _("Misclassified"),
    _("Which images does the model misclassify, and as what?"),
    _(
        "Each tile is a misclassified image: the **predicted class** in bold, its confidence, and the **true class**."
        "\n\n"
        "The most confident mistakes come first, since they reveal most: a wrong label, two classes that look alike, "
        "or a model that looks at something other than the car. To find out which, select images and open their "
        "heatmaps.\n\n"
        "**Tags and notes** belong to an image's content: they survive renaming, but not replacing, the file. In the "
        "large view, `J` and `K` go to the next and the previous image, and `1` to `5` toggle the first five tags.\n\n"
        "**Label issues** ranks the images whose label confident models contradict (confident learning). You decide: "
        "`Y` if the label is wrong, `N` if it is right. Your files are not changed; download the corrected labels as "
        "a table."
    ),
)
if controls.choose_view() == "labels":
    label_queue.show()
    stop()
tables = current.tables()
if not tables:
    empty(
        _("No misclassified images to show yet"),
        _("Evaluate a model on a data set, or put a table with a `PATH` column at `data/incorrect/df2.csv`."),
        commands.evaluate(None),
    )
    stop()

key = current.table()
bar, more = (st.container(horizontal=True, vertical_alignment="bottom") for _row in range(2))
with bar:
    controls.choose_table(tables, key)
rows = None
with guarded():
    rows = evaluations.misclassified(tables[key])
if rows is None:
    stop()
stale_warning.say([tables[key]])
tags = pd.DataFrame(columns=["tags", "note"])
with unreadable.item("tags", tag_editor.FILE):
    tags = tag_editor.on_rows(rows)
chosen = selection.get(MisclassifiedSelection)
right = filters.others(key, rows)
shown, problems = filters.filtered(rows, chosen, right, tags)
with bar:
    controls.choose_classes_and_order(rows)
with more:
    controls.choose_filters(right)
controls.leave_family(chosen.family)

notes: list[str] = []
with guarded():
    notes = [summary.of_evaluation(tables[key], len(rows))] if tables[key].is_evaluation else summary.of_file(rows)
notes = [*notes[:1], *problems, *notes[1:]]
if len(shown) != len(rows):
    notes.append(
        n_("{n} image matches the filters.", "{n} images match the filters.", len(shown)).format(n=f"{len(shown):,}")
    )
part = on_page(shown, PER_PAGE)
with st.container(horizontal=True, vertical_alignment="center"):
    st.caption(plain(" ".join(notes)), width="stretch")
    if len(shown) and not chosen.open:
        gallery.offer_one_by_one(key, part["id"].iloc[0])
    tag_editor.exchange()
gallery.basket()
if shown.empty and len(rows):
    st.info(_("No image matches the filters: relax them."), icon=":material/filter_alt_off:")
elif rows.empty:
    st.success(_("No image is misclassified."), icon=":material/check_circle:")
else:
    gallery.tiles(part, key, tags)
    choose_page(len(shown), PER_PAGE)
if chosen.open:
    large_view.window(shown, key, _("Misclassified image"))
