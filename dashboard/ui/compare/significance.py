"""Whether the gaps between models are real: a sentence a pair, and the numbers behind it."""

import pandas as pd
import streamlit as st

from carvis.evaluation import Comparison
from carvis.evaluation.comparison import cochran_finding
from ui.state.i18n import _, of_library
from ui.widgets.text import marked_up

# Six models make fifteen pairs: more sentences than these nobody reads.
_SENTENCES = 6
_ICONS = {
    "better": ":green[:material/check_circle:]", "unclear": ":orange[:material/help:]", "even": ":material/equal:",
    "same": ":material/equal:",
}  # fmt: skip


def show(found: Comparison) -> None:
    """Show for each pair of models whether its gap could be chance."""
    with st.container(border=True, gap="xsmall"):
        st.markdown(f"**{_('Is the gap real?')}**")
        # Names stand worst first: the best two are the last pair.
        sentences = [
            f"{_ICONS[verdict.kind]} {marked_up(verdict.finding, 'better', 'worse')}"
            for verdict in reversed(found.verdicts)
        ]
        for words in sentences[:_SENTENCES]:
            st.markdown(words)
        with st.expander(_("The numbers behind it"), type="compact"):
            for words in sentences[_SENTENCES:]:
                st.markdown(words)
            _numbers(found)


def _numbers(found: Comparison) -> None:
    pairs = found.pairs
    rows = [
        {
            _("First"): row["first"],
            _("Second"): row["second"],
            _("Both right"): row["both"],
            _("Only the first"): row["only_first"],
            _("Only the second"): row["only_second"],
            _("Neither"): row["neither"],
            _("Difference"): f"{row['difference']:+.1%}",
            _("Range (95 %)"): f"{row['low']:+.1%} – {row['high']:+.1%}",
            _("McNemar p"): f"{row['p']:.3g}",
            _("corrected p"): f"{row['p_holm']:.3g}",
        }
        for row in pairs.to_dict("records")
    ]
    st.dataframe(pd.DataFrame(rows), hide_index=True)
    sentences = [
        _("Exact McNemar test; corrected for {n} pairs after Holm.").format(n=len(pairs)),
        _("The range of the difference comes from 10,000 paired bootstrap samples."),
        _("All of this takes the pictures as independent: copies among them make chance look smaller than it is."),
    ]
    if found.cochran:
        sentences.append(of_library(cochran_finding(*found.cochran)))
    st.caption(" ".join(sentences))
