"""For how many images which statement has a useful interval, of parts that a person draws image by image."""

from collections.abc import Mapping

import streamlit as st

from carvis.dataset import Dataset
from carvis.dataset.parts import REST, Parts
from carvis.explain.attention import USEFUL, Attention, precision, precision_finding
from ui.attention import controls, progress
from ui.state.i18n import _, n_
from ui.widgets.text import marked_up

_LAST = "_attention_last"


def measured_before(key: tuple[str, ...], result: Attention | None) -> Attention | None:
    """Keep the last result of a model while further images are drawn, and return it where there is no newer one.

    Args:
        key: what the result belongs to, but for the boxes.
        result: of the boxes as they are now, None where it was not measured yet.
    """
    results = st.session_state.setdefault(_LAST, {})
    if result is not None:
        results[key] = result
    return results.get(key)


def show(
    results: Mapping[str, Attention], parts: Parts, dataset: Dataset, split: str, models: list[str], outdated: bool
) -> None:
    """Say how precisely the drawn images tell each model's attention on the chosen part.

    Args:
        results: by model, of the present boxes or of fewer.
        parts: the annotations as they are now.
        dataset, split, models: as the images were ordered.
        outdated: whether a result is of other boxes.
    """
    if not results:
        return
    names = tuple(name for name in next(iter(results.values())).parts if name != REST)
    if not names:
        return
    part = controls.chosen_part(names)
    _model, right = progress.predictions(dataset, split, models)
    # Masks of all images were not chosen by anybody's mistakes.
    right = right if any(parts.unknown.values()) or len(parts) < len(right or ()) else None
    with st.container(border=True):
        st.markdown(f"**{_('What the images so far can tell')}**")
        for name, result in results.items():
            for measure in ("share", "net") if result.occluded else ("share",):
                found = precision(result, part, measure, right=right)
                icon = "check" if found.needed == 0 else "hourglass_bottom"
                st.markdown(f":material/{icon}: {marked_up(precision_finding(name, found), 'model', 'part')}")
        later = max((len(parts) - len(result.table) for result in results.values()), default=0)
        if outdated and later <= 0:
            st.caption(_("Boxes were changed since: press Measure to count the changes."))
        elif later > 0:
            words = n_(
                "{n} image was drawn on since: press Measure to count it.",
                "{n} images were drawn on since: press Measure to count them.",
                later,
            )
            st.caption(words.format(n=f"{later:,}"))
        words = _(
            "A statement is useful from ± {half} points (95 % CI). Mistakes were drawn more often than they occur, so "
            "that these means weight them by their share of all images; the charts count each image once."
        )
        if right is None:
            words = _("A statement is useful from ± {half} points (95 % CI).")
        st.caption(words.format(half=f"{100 * USEFUL:.0f}"))
