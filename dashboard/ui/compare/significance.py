"""Whether the gaps between models are real: a sentence per pair, and the tests behind it."""

import pandas as pd
import streamlit as st

from carvis.evaluation import Comparison
from carvis.evaluation.comparison import cochran_finding
from ui.state.i18n import _, n_, of_library
from ui.widgets.text import marked_up

# Six models make fifteen pairs: nobody reads more sentences than these.
_SENTENCES = 6
_ICONS = {
    "better": ":green[:material/check_circle:]", "unclear": ":orange[:material/help:]", "even": ":material/equal:",
    "same": ":material/equal:",
}  # fmt: skip


def show(result: Comparison) -> None:
    """Show for each pair of models whether its gap could be chance."""
    with st.container(border=True, gap="xsmall"):
        st.markdown(f"**{_('Is the gap real?')}**")
        # Names are sorted worst first: the best two are the last pair.
        sentences = [
            f"{_ICONS[verdict.kind]} {marked_up(verdict.finding, 'better', 'worse')}"
            for verdict in reversed(result.verdicts)
        ]
        for sentence in sentences[:_SENTENCES]:
            st.markdown(sentence)
        with st.expander(_("Details of the tests"), type="compact"):
            for sentence in sentences[_SENTENCES:]:
                st.markdown(sentence)
            _numbers(result)


def _numbers(result: Comparison) -> None:
    pairs = result.pairs
    rows = [
        {
            _("First model"): row["first"],
            _("Second model"): row["second"],
            _("Both right"): row["both"],
            _("Only first right"): row["only_first"],
            _("Only second right"): row["only_second"],
            _("Neither right"): row["neither"],
            _("Difference"): f"{row['difference']:+.1%}",
            _("95 % CI"): f"{row['low']:+.1%} – {row['high']:+.1%}",
            _("McNemar p"): f"{row['p']:.3g}",
            _("Corrected p"): f"{row['p_holm']:.3g}",
        }
        for row in pairs.to_dict("records")
    ]
    st.dataframe(pd.DataFrame(rows), hide_index=True)
    sentences = [
        n_(
            "Exact McNemar test with Holm's correction for {n} pair.",
            "Exact McNemar test with Holm's correction for {n} pairs.",
            len(pairs),
        ).format(n=len(pairs)),
        _("95 % CI of the difference: paired bootstrap with 10,000 samples."),
        _("Both assume independent images: near-duplicates among them make a gap look more certain than it is."),
    ]
    if result.cochran:
        sentences.append(of_library(cochran_finding(*result.cochran)))
    st.caption(" ".join(sentences))
