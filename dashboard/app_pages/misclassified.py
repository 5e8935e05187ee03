"""Misclassified: the pictures that a model gets wrong, as a gallery."""

import pandas as pd
import streamlit as st

from ui.misclassified import filters, gallery, label_queue, large_view, tag_editor
from ui.state import current, data, selection
from ui.state.i18n import N_, _, n_, of_library, translated
from ui.state.widget_values import careful
from ui.widgets import commands, skipped_files, stale_warning, unreadable
from ui.widgets.layout import empty, error, guarded, heading, stop
from ui.widgets.text import percent, plain

PER_PAGE = 24
LOOKS = {"gallery": N_("Wrong answers"), "labels": N_("Wrong labels?")}

heading(
    _("Misclassified"),
    _("Which pictures does the model get wrong, and what does it take them for?"),
    _(
        "Each tile is one picture that the model named wrongly: in bold what the model **predicted** and how "
        "confident it was, below it the **true** class.\n\n"
        "Confident mistakes come first, since they tell most: the label may be wrong, two classes may look alike, "
        "or the model may look at something else than the car. To find out, select pictures and open their heatmaps."
        "\n\n**Tags and notes** stay with a picture's content: renaming it keeps them, replacing it does not. In the "
        "large view `J` and `K` step on and back, `1` to `5` set the first five tags.\n\n"
        "**Wrong labels?** ranks the pictures on which confident models agree against the label (confident learning). "
        "You decide: `Y` the label is wrong, `N` it is right. Your files stay as they are; the corrected list is a "
        "table to download."
    ),
)
chosen = selection.get()
st.segmented_control(
    _("View"),
    list(LOOKS),
    format_func=translated(LOOKS).get,
    required=True,
    label_visibility="collapsed",
    **selection.control("look", chosen.look),
)
if chosen.look == "labels":
    label_queue.show()
    stop()
tables = current.tables()
if not tables:
    empty(
        _("No misclassified pictures to show yet"),
        _("Evaluate a model on a data set, or put a table with a column `PATH` at `data/incorrect/df2.csv`."),
        commands.evaluate(None),
    )
    stop()

key = current.table()
bar, more = (st.container(horizontal=True, vertical_alignment="bottom") for _row in range(2))
with bar:
    st.selectbox(
        _("Table"),
        list(tables),
        format_func=lambda one: tables[one].model or one,
        help=_("A model's evaluation on the chosen data set and split, or a file such as `df2.csv`."),
        **selection.control("table", key),
    )

rows = None
with guarded():
    rows = data.misclassified(tables[key])
if rows is None:
    stop()
stale_warning.say([tables[key]])
tags = pd.DataFrame(columns=["tags", "note"])
with unreadable.item("tags", tag_editor.FILE):
    tags = tag_editor.on_rows(rows)
right = filters.others(key, rows)
shown, notes = filters.filtered(rows, chosen, right, tags)
classes = (("true", _("True class"), "label"), ("pred", _("Predicted class"), "predicted"))
for field, label, column in classes:
    options = sorted(rows[column].dropna().unique())
    value = getattr(chosen, field)
    bound = selection.control(field, value if value in options else None)
    bar.selectbox(label, options, index=None, placeholder=_("All"), **bound)
orders = filters.sorts(rows)
order = chosen.sort if chosen.sort in orders else "confident"
bar.selectbox(_("Order"), list(orders), format_func=orders.get, **selection.control("sort", order))
more.slider(_("Confidence"), 0, 100, format="%d %%", **filters.confidence_control(chosen))
with more:
    filters.choose_answers(right, chosen)
known = list(dict.fromkeys([*tag_editor.names(), *([chosen.tag] if chosen.tag else [])]))
more.selectbox(
    _("Tag"),
    known,
    index=None,
    placeholder=_("All"),
    format_func={tag: tag_editor.in_words(tag) for tag in known}.get,
    **selection.control("tag", chosen.tag or None),
)

filters.family_control(chosen.family)
if tables[key].is_evaluation:
    with guarded():
        found = data.evaluation(tables[key])
        summary = _("{wrong} of {n} pictures are misclassified: accuracy {accuracy}.").format(
            wrong=f"{len(rows):,}", n=f"{found.metrics['n']:,}", accuracy=percent(found.accuracy)
        )
        unreadable = len(found.metrics["unreadable"])
        if unreadable:
            summary += " " + n_("{n} picture could not be read.", "{n} pictures could not be read.", unreadable).format(
                n=unreadable
            )
        if left := skipped_files.words(found):
            summary += f" {left}"
        if found.leak is not None and found.leak.copies:
            summary += " " + of_library(found.leak.warning(found.setup["model"]["name"]))
        notes.insert(0, summary)
else:
    lost = int((rows["status"] != "found").sum())
    notes.insert(0, n_("{n} row in the table.", "{n} rows in the table.", len(rows)).format(n=f"{len(rows):,}"))
    if lost:
        notes.append(n_("{n} picture is not here.", "{n} pictures are not here.", lost).format(n=f"{lost:,}"))
    encoding = rows.attrs.get("encoding", "utf-8")
    if encoding != "utf-8":
        notes.append(_("Its encoding was found to be {encoding}.").format(encoding=encoding))
    for problem in rows.attrs.get("problems", []):
        error(problem)
pages = max(1, -(-len(shown) // PER_PAGE))
page = min(chosen.page, pages)
part = shown.iloc[(page - 1) * PER_PAGE : page * PER_PAGE]
if len(shown) != len(rows):
    notes.append(n_("{n} fits the filter.", "{n} fit the filter.", len(shown)).format(n=f"{len(shown):,}"))
with st.container(horizontal=True, vertical_alignment="center"):
    st.caption(plain(" ".join(notes)), width="stretch")
    if len(shown) and not chosen.open:
        st.button(
            _("One by one"),
            icon=":material/slideshow:",
            key="one_by_one",
            shortcut="J",
            on_click=careful(gallery.stay),
            args=(key,),
            kwargs={"open": part["id"].iloc[0]},
        )
    tag_editor.exchange()
gallery.basket()
if shown.empty and len(rows):
    st.info(_("No picture fits the filter: widen it."), icon=":material/filter_alt_off:")
elif rows.empty:
    st.success(_("The model got every picture right."), icon=":material/check_circle:")
else:
    gallery.tiles(part, key, tags)
    if pages > 1:
        with st.container(horizontal_alignment="center"):
            st.pagination(pages, **selection.control("page", page))
if chosen.open:
    large_view.window(shown, key)
