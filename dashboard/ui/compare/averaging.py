"""Whether the average of the compared models would be better than the best of them, on which images, at what cost."""

import streamlit as st

from carvis.errors import ModelError
from carvis.evaluation import Comparison
from ui.compare import images
from ui.compare.selection import CompareSelection
from ui.state import selection
from ui.state.i18n import _, of_library, shown_as
from ui.widgets.text import marked_up, plain

_ICONS = {True: ":green[:material/check_circle:]", False: ":material/equal:"}


def show(result: Comparison) -> None:
    """Show what averaging the probabilities of all compared models would change, and the images it changes."""
    try:
        found = result.averaging
    except ModelError as error:
        st.caption(plain(of_library(error)))
        return
    with st.container(border=True, gap="xsmall"):
        st.markdown(f"{_ICONS[found.helps]} **{marked_up(found.headline)}**")
        for sentence in found.evidence:
            st.markdown(marked_up(sentence))
        words = _(
            "The average of the stored probabilities against the best single model on the same images. That model was "
            "chosen on these images, which favours it."
        )
        st.caption(words)
    changes = {"gained": found.gained, "lost": found.lost}
    words_of = {
        "gained": _("Gained: {n}").format(n=f"{len(found.gained):,}"),
        "lost": _("Lost: {n}").format(n=f"{len(found.lost):,}"),
    }
    chosen = selection.get(CompareSelection).averaging
    st.segmented_control(
        _("Show the images"),
        list(words_of),
        format_func=shown_as(words_of),
        help=_("Gained: {best} is wrong, the average right. Lost: {best} is right, the average wrong.").format(
            best=plain(found.best)
        ),
        **selection.control("averaging", chosen or None),
    )
    if chosen:
        title = _("Gained by averaging") if chosen == "gained" else _("Lost by averaging")
        images.show(changes[chosen], result, title)
