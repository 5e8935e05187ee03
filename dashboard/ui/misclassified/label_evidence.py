"""The evidence on a label issue: the models' predictions, other images of both classes, tags and a note."""

import contextlib
from typing import Any

import pandas as pd
import streamlit as st

from carvis.errors import CarvisError
from carvis.evaluation.alignment import Joined
from ui.state import current, selection, unreadable, workspace
from ui.state.i18n import _, n_
from ui.state.thumbnails import thumbnails
from ui.widgets import tag_editor
from ui.widgets.text import percent, plain

_EXAMPLES = 4


def predictions(row: Any, joined: Joined) -> None:
    """Show each model's prediction, and which of them are confident of the suggested label."""
    sentence = n_(
        "{agree} of {n} model is confident of the suggested label (score {score}).",
        "{agree} of {n} models are confident of the suggested label (score {score}).",
        len(joined.names),
    )
    st.markdown(sentence.format(agree=row.agree, n=len(joined.names), score=f"{row.score:.2f}"))
    predicted = joined.table.loc[joined.table["id"] == row.id].iloc[0]
    for name in joined.names:
        class_name, confidence = predicted[f"predicted:{name}"], predicted[f"confidence:{name}"]
        agrees = f" :gray-badge[{_('confident')}]" if name in row.models else ""
        side = {row.label: "check", row.suggested: "flag"}.get(class_name, "question_mark")
        st.markdown(f":material/{side}: {plain(name)}: **{plain(class_name)}** {percent(confidence)}{agrees}")
    st.page_link(
        "app_pages/heatmaps.py",
        label=_("Show its heatmaps"),
        icon=":material/blur_on:",
        query_params=selection.link(
            data=row.data, split=current.split(), sample=(row.id,), model=tuple(joined.names), open=""
        ),
    )


def examples(row: Any, joined: Joined) -> None:
    """Show other images of both classes, as the person may not know them: those that most models predict correctly."""
    for column, name in zip(st.columns(2), (row.label, row.suggested), strict=True):
        of_class = ((joined.table["label"] == name) & (joined.table["id"] != row.id)).to_numpy(bool)
        table = joined.table.loc[of_class, ["path", f"confidence:{joined.names[0]}"]]
        table = table.assign(right=joined.right[of_class].sum(axis=1))
        best = table.sort_values(table.columns[:0:-1].tolist(), ascending=False, kind="stable").head(_EXAMPLES)
        paths = []
        for path in best["path"]:
            with contextlib.suppress(CarvisError, OSError):
                paths.append(str(workspace.dataset(row.data).resolve(path)))
        with column:
            st.caption(_("Other images labelled {label}").format(label=plain(name)))
            with st.container(horizontal=True, gap="xsmall"):
                for image in thumbnails(paths):
                    if isinstance(image, bytes):
                        st.image(image, width=104, alt=_("An image of {label}").format(label=name))


def tags(row: Any) -> None:
    """Offer the image's tags and its note."""
    with unreadable.item("tags", tag_editor.FILE):
        marks = tag_editor.on_rows(
            pd.DataFrame([{"id": row.id, "path": row.path, "data": row.data, "sha256": row.sha256}])
        )
        own_tags, note = tag_editor.of_row(marks, row)
        tag_editor.keys(row, own_tags)
        tag_editor.editor(row, own_tags, note, "queue", all_tags=False)
