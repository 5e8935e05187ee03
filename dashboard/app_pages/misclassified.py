"""Misclassified: the pictures that a model gets wrong, as a gallery."""

import streamlit as st

from ui import choice, data, gallery, selection
from ui.i18n import _, n_
from ui.page import empty, error, guarded, heading
from ui.texts import leak_words, percent, plain

PER_PAGE = 24
SORTS = {
    "confident": _("Most confident first"),
    "unsure": _("Least confident first"),
    "true": _("By true class"),
    "name": _("By file name"),
}

heading(
    _("Misclassified"),
    _("Which pictures does the model get wrong, and what does it take them for?"),
    _(
        "Each tile is one picture that the model named wrongly: in bold what the model **predicted** and how "
        "confident it was, below it the **true** class.\n\n"
        "Confident mistakes come first, since they tell most: the label may be wrong, two classes may look alike, "
        "or the model may look at something else than the car. To find out, select pictures and open their heatmaps."
    ),
)
tables = choice.tables()
if not tables:
    name = choice.dataset_name()
    empty(
        _("No misclassified pictures to show yet"),
        _("Evaluate a model on a data set, or put a table with a column `PATH` at `data/incorrect/df2.csv`."),
        f'python -m carvis evaluate models/MODEL.keras "data/{name or "NAME"}" --split {choice.split() or "test"}',
    )
    st.stop()

chosen = selection.get()
key = choice.table()
bar = st.container(horizontal=True, vertical_alignment="bottom")
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
    st.stop()
shown, notes = gallery.filtered(rows, chosen)
classes = (("true", _("True class"), "label"), ("pred", _("Predicted class"), "predicted"))
for field, label, column in classes:
    options = sorted(rows[column].dropna().unique())
    value = getattr(chosen, field)
    bound = selection.control(field, value if value in options else None)
    bar.selectbox(label, options, index=None, placeholder=_("All"), **bound)
bar.slider(_("Confidence"), 0, 100, format="%d %%", **gallery.confidence_control(chosen))
bar.selectbox(_("Order"), list(SORTS), format_func=SORTS.get, **selection.control("sort", chosen.sort))

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
        if found.leak is not None and found.leak.copies:
            summary += " " + _("Without the {n} that are also in training: {accuracy}.").format(
                n=f"{found.leak.copies:,}", accuracy=leak_words(found.leak)
            )
        notes.insert(0, summary)
else:
    lost = int((rows["status"] != "found").sum())
    notes.insert(0, n_("{n} row in the table.", "{n} rows in the table.", len(rows)).format(n=f"{len(rows):,}"))
    if lost:
        notes.append(n_("{n} picture is not here.", "{n} pictures are not here.", lost).format(n=f"{lost:,}"))
    for problem in rows.attrs.get("problems", []):
        error(problem)
pages = max(1, -(-len(shown) // PER_PAGE))
page = min(chosen.page, pages)
part = shown.iloc[(page - 1) * PER_PAGE : page * PER_PAGE]
if len(shown) != len(rows):
    notes.append(n_("{n} fits the filter.", "{n} fit the filter.", len(shown)).format(n=f"{len(shown):,}"))
st.caption(plain(" ".join(notes)))

gallery.basket()
if shown.empty and len(rows):
    st.info(_("No picture fits the filter: widen it."), icon=":material/filter_alt_off:")
elif rows.empty:
    st.success(_("The model got every picture right."), icon=":material/check_circle:")
else:
    gallery.tiles(part, key)
    if pages > 1:
        with st.container(horizontal_alignment="center"):
            st.pagination(pages, **selection.control("page", page))
if chosen.open:
    gallery.large(shown, key)
