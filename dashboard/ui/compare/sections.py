"""The sections of page Compare models."""

import pandas as pd
import streamlit as st

from carvis.evaluation import Comparison, left_out_messages
from carvis.evaluation.comparison import cochran_finding, pattern_words
from ui.compare import charts, comparison, confidence, images
from ui.compare.comparison import Compared
from ui.state import data, selection
from ui.state.i18n import N_, _, of_library, translated
from ui.widgets.download import download
from ui.widgets.text import marked_up, percent, plain

# Six models make fifteen pairs: more sentences than these nobody reads.
_SENTENCES = 6
_ICONS = {
    "better": ":green[:material/check_circle:]", "unclear": ":orange[:material/help:]", "even": ":material/equal:",
    "same": ":material/equal:",
}  # fmt: skip
COPIES = {"with": N_("All pictures"), "without": N_("Without copies of training pictures")}


def choose_copies(evaluations: dict[str, data.Table]) -> None:
    """Offer to leave out pictures with a copy in training, where it is known which have one."""
    if comparison.knows_copies(evaluations):
        st.segmented_control(
            _("Pictures"),
            list(COPIES),
            format_func=translated(COPIES).get,
            required=True,
            **selection.control("copies", selection.get().copies),
        )


def show(compared: Compared) -> None:
    """Show everything about a comparison."""
    found = compared.found
    effects = comparison.temperatures(compared)
    _scoreboard(found, effects)
    _verdicts(found)
    st.subheader(_("Who is right where"), anchor=False)
    _lattice(found)
    st.subheader(_("From one model to another"), anchor=False)
    _pair(compared)
    st.subheader(_("Can their confidence be believed?"), anchor=False)
    confidence.reliability(compared, effects)
    st.subheader(_("Answering only when sure"), anchor=False)
    confidence.risk(compared)


def _scoreboard(found: Comparison, effects: dict[str, dict]) -> None:
    table_slot = st.container(gap="xsmall")
    downloads_slot = st.container(horizontal=True, gap="small")
    timed = comparison.timed(found)
    with downloads_slot:
        board, tables = "scoreboard.png", "comparison.zip"
        download(_("Figure"), lambda: _figure(timed), board, key="compare_board")
        download(_("Tables"), lambda: comparison.tables(timed), tables, key="compare_tables")
        download("JSON", lambda: comparison.document(timed, effects), "comparison.json", key="compare_json")
    with table_slot:
        _board_table(timed)
        said = [of_library(message) for message in left_out_messages(found.left_out)]
        if not found.scoreboard["copies"].notna().any() and not found.without_copies:
            said.append(_("Whether test pictures have copies in training is not known for these evaluations."))
        if said:
            st.caption(" ".join(said))


def _figure(found: Comparison) -> bytes:
    from carvis.figures import figure_bytes, model_scoreboard

    return figure_bytes(model_scoreboard(found))


def _board_table(found: Comparison) -> None:
    board = found.scoreboard
    best_first = board.sort_values("accuracy", ascending=False, kind="stable")
    rows = pd.DataFrame(
        {
            "model": best_first.index,
            "accuracy": 100 * best_first["accuracy"],
            "range": [f"{low:.1%} – {high:.1%}" for low, high in zip(best_first["low"], best_first["high"])],
            "clean": [_clean(row) for row in best_first.to_dict("records")],
            "top3": 100 * best_first["top3"],
            "f1": best_first["macro_f1"],
            "log_loss": best_first["log_loss"],
            "ece": best_first["ece"],
            "parameters": best_first["parameters"],
            "size": best_first["bytes"] / 1e6,
            "ms": best_first["milliseconds"],
        }
    )
    if found.without_copies or not best_first["copies"].notna().any():
        rows = rows.drop(columns="clean")
    if not best_first["milliseconds"].notna().any():
        rows = rows.drop(columns="ms")
    number = st.column_config.NumberColumn
    st.dataframe(
        rows,
        hide_index=True,
        column_config={
            "model": st.column_config.TextColumn(_("Model"), pinned=True),
            "accuracy": st.column_config.ProgressColumn(
                _("Accuracy"), format="%.1f %%", min_value=0, max_value=100, width="small"
            ),
            "range": st.column_config.TextColumn(_("Range (95 %)")),
            "clean": st.column_config.TextColumn(_("Without copies")),
            "top3": number(_("Top-3"), format="%.1f %%"),
            "f1": number(_("Macro F1"), format="%.3f"),
            "log_loss": number(_("Log loss"), format="%.3f"),
            "ece": number(_("Calibration error"), format="%.3f"),
            "parameters": number(_("Parameters"), format="localized"),
            "size": number(_("Size (MB)"), format="%.1f"),
            "ms": number(_("Milliseconds a picture"), format="%.1f"),
        },
        alt=_("{model} is right most often, on {share} of {n} pictures").format(
            model=best_first.index[0], share=percent(best_first["accuracy"].iloc[0]), n=f"{found.n:,}"
        ),
    )


def _clean(row: dict) -> str:
    if row["clean_accuracy"] == row["clean_accuracy"]:
        return f"{row['clean_accuracy']:.1%} ({row['clean_low']:.1%} – {row['clean_high']:.1%})"
    if row["clean"] == row["clean"]:
        return _("not measurable: {n} pictures without copies").format(n=f"{row['clean']:,.0f}")
    return _("not known")


def _verdicts(found: Comparison) -> None:
    with st.container(border=True, gap="xsmall"):
        st.markdown(f"**{_('Is the gap real?')}**")
        # Names stand worst first: the best two are the last pair.
        said = [
            f"{_ICONS[verdict.kind]} {marked_up(verdict.finding, 'better', 'worse')}"
            for verdict in reversed(found.verdicts)
        ]
        for words in said[:_SENTENCES]:
            st.markdown(words)
        with st.expander(_("The numbers behind it"), type="compact"):
            for words in said[_SENTENCES:]:
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
    said = [
        _("Exact McNemar test; corrected for {n} pairs after Holm.").format(n=len(pairs)),
        _("The range of the difference comes from 10,000 paired bootstrap samples."),
        _("All of this takes the pictures as independent: copies among them make chance look smaller than it is."),
    ]
    if found.cochran:
        said.append(of_library(cochran_finding(*found.cochran)))
    st.caption(" ".join(said))


def _lattice(found: Comparison) -> None:
    wanted = selection.get().pattern
    wanted = wanted if wanted in found.lattice.index else ""
    counts = found.lattice["count"]
    words = {bits: f"{of_library(pattern_words(bits, found.names))} ({n:,})" for bits, n in counts.items()}
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(_("Click a row, or choose here, to open its pictures."), width="content")
        st.selectbox(
            _("Pattern"),
            list(words),
            index=None,
            placeholder=_("Choose who is right"),
            format_func=words.get,
            label_visibility="collapsed",
            width=340,
            **selection.control("pattern", wanted or None),
        )
    charts.patterns(found, wanted)
    if wanted:
        images.show(found.samples(wanted), found, of_library(pattern_words(wanted, found.names)))


def _pair(compared: Compared) -> None:
    found, chosen = compared.found, selection.get()
    names = found.names
    # Names stand worst first, so the step is one that should mend things.
    first = chosen.first if chosen.first in names else names[-2]
    others = [name for name in names if name != first]
    second = chosen.second if chosen.second in others else next(n for n in reversed(names) if n != first)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.selectbox(_("From"), names, width=240, **selection.control("first", first))
        st.selectbox(_("To"), others, width=240, **selection.control("second", second))
        changes = {"fixed": found.fixed(first, second), "broken": found.broken(first, second)}
        words = {
            "fixed": _("Fixed: {n}").format(n=f"{len(changes['fixed']):,}"),
            "broken": _("Broken: {n}").format(n=f"{len(changes['broken']):,}"),
        }
        st.segmented_control(
            _("Open the pictures"),
            list(words),
            format_func=words.get,
            help=_("Fixed: the first model is wrong and the second right. Broken: the other way round."),
            **selection.control("change", chosen.change or None),
        )
    if chosen.change:
        title = _("Fixed by {second}") if chosen.change == "fixed" else _("Broken by {second}")
        images.show(changes[chosen.change], found, title.format(second=second))
    table = comparison.by_class(compared, first, second)
    note = _("accuracy of {second} minus that of {first}; line: 95 % range")
    note = note.format(first=plain(first), second=plain(second))
    st.markdown(f"**{_('The gap by class')}**  \n:gray[{note}]")
    charts.class_gap(table, first, second)
    with st.expander(_("The same as a table"), type="compact"):
        _class_table(table, first, second)


def _class_table(table: pd.DataFrame, first: str, second: str) -> None:
    rows = table.sort_values("difference", ascending=False, kind="stable").reset_index()
    shown = pd.DataFrame(
        {
            _("Class"): rows["class"],
            _("Pictures"): rows["n"],
            first: [percent(value) for value in rows["first"]],
            second: [percent(value) for value in rows["second"]],
            _("Only the first"): rows["only_first"],
            _("Only the second"): rows["only_second"],
            _("Difference"): [f"{value:+.1%}" for value in rows["difference"]],
            _("Range (95 %)"): [f"{low:+.1%} – {high:+.1%}" for low, high in zip(rows["low"], rows["high"])],
        }
    )
    st.dataframe(shown, hide_index=True)
    st.caption(
        _(
            "Among many classes, some gaps look certain by chance. Where two models are right on the same pictures of "
            "a class, the bootstrap sees no spread, however few the pictures are."
        )
    )
