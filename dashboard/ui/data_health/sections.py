"""What page Data shows of a data set: the finding, copies side by side, classes, light and sharpness, problems."""

import os

import altair as alt
import pandas as pd
import streamlit as st

from carvis.dataset import Dataset
from carvis.dataset.health import Health
from carvis.tables import to_csv
from ui.state import current, data, selection
from ui.state.i18n import N_, _, n_, of_library, translated
from ui.widgets.download import download
from ui.widgets.text import SPLIT, plain

PAIRS_PER_PAGE, SHEET = 12, 48
# From this share on, the accuracy on test pictures tells more about memory than about skill.
_MUCH = 0.05
TWINS = {"all": N_("All"), "exact": N_("Exact"), "near": N_("Near")}
LIGHT = {
    "darkest": (N_("Darkest"), "brightness", True),
    "brightest": (N_("Brightest"), "brightness", False),
    "blurriest": (N_("Blurriest"), "sharpness", True),
}
_COLOURS = {"train": "#31688e", "valid": "#35b779", "test": "#e0a100"}


def finding(health: Health) -> bool:
    """Say in one sentence how honest a test on these pictures is; tell whether there are leaks."""
    leaks = any(found.copies for found in health.crossing().values())
    if not {"train", "test"} <= set(health.splits):
        st.info(_("There are no training and test pictures to hold against each other."), icon=":material/help:")
        return leaks
    found = health.shared()
    words = n_(
        "{n} of {total} test pictures is also in training",
        "{n} of {total} test pictures are also in training",
        found.copies,
    ).format(n=f"{found.copies:,}", total=f"{found.n:,}")
    if found.copies >= _MUCH * max(found.n, 1) and found.copies:
        st.error(_("{finding}: the test accuracy measures memory.").format(finding=words), icon=":material/warning:")
    elif found.copies:
        st.warning(
            _("{finding}: the test accuracy is a little too good.").format(finding=words), icon=":material/warning:"
        )
    else:
        st.success(_("No test picture has a copy in training: the test is honest."), icon=":material/verified:")
    return leaks


def figures(health: Health) -> None:
    """Show the main numbers."""
    several = len(health.copies[health.copies["label"] != health.copies["twin_label"]])
    numbers = (
        (_("Pictures"), len(health.images), None),
        (_("Different files"), health.distinct, _("Exact copies count once: the same bytes, or the same pixels.")),
        (
            _("Different photographs"),
            health.groups,
            _("Near copies count once too: re-encoded, resized, cropped, mirrored, recoloured or cut out."),
        ),
        (_("In two classes"), several, _("The same photograph in two classes: one label must be wrong.")),
        (_("Broken files"), len(health.broken), None),
    )
    with st.grid(5, min_column_width=150, gap="small"):
        for label, number, help in numbers:
            st.metric(label, f"{number:,}", help=help, border=True)


def _groups(health: Health) -> dict[str, tuple[str, pd.DataFrame]]:
    """The kinds of pairs that there are, the worst first."""
    copies = health.copies
    names = {split: _(text) for split, text in SPLIT.items()}
    kinds: dict[str, tuple[str, pd.DataFrame]] = {}
    for a, b in health.crossing():
        rows = copies[(copies["split"] == a) & (copies["twin_split"] == b)]
        kinds[f"{a}-{b}"] = (_("{split}, also in {other}").format(split=names[a], other=names[b]), rows)
    kinds["labels"] = (_("With another label"), copies[copies["label"] != copies["twin_label"]])
    for split in health.splits:
        rows = copies[(copies["split"] == split) & (copies["twin_split"] == split)]
        kinds[f"{split}-{split}"] = (_("Within {split}").format(split=names[split]), rows)
    return {key: (f"{label} ({len(rows):,})", rows) for key, (label, rows) in kinds.items() if len(rows)}


def copies(health: Health) -> None:
    """Show pairs of copies side by side, those of test and training pictures first."""
    kinds = _groups(health)
    if not kinds:
        st.success(_("No picture is a copy of another."), icon=":material/check_circle:")
        return
    chosen = selection.get()
    kind = chosen.pairs if chosen.pairs in kinds else next(iter(kinds))
    with st.container(horizontal=True, vertical_alignment="bottom"):
        labels = {key: label for key, (label, _rows) in kinds.items()}
        st.selectbox(_("Where"), list(kinds), format_func=labels.get, width=320, **selection.control("pairs", kind))
        st.segmented_control(
            _("How alike"),
            list(TWINS),
            format_func=translated(TWINS).get,
            required=True,
            **selection.control("twins", chosen.twins),
        )
    rows = kinds[kind][1]
    if chosen.twins != "all":
        rows = rows[(rows["distance"] == 0) == (chosen.twins == "exact")]
    # Near ones tell more than exact ones, which need no look.
    rows = rows.sort_values("distance", ascending=False, kind="stable") if chosen.twins == "near" else rows
    if rows.empty:
        st.info(_("There are none of this kind."), icon=":material/filter_alt_off:")
    else:
        part = _page(rows, PAIRS_PER_PAGE)
        _pairs(part)
        _pages(len(rows), PAIRS_PER_PAGE)
    _save(_("Copies as a table"), health.copies, f"{health.name}-copies.csv")


def _pairs(rows: pd.DataFrame) -> None:
    small = data.thumbnails([*rows["path"], *rows["twin_path"]], 256)
    with st.grid("auto", min_column_width=300, gap="small"):
        for number, row in enumerate(rows.itertuples()):
            with st.container(border=True, height="stretch", gap="xsmall"):
                both = st.grid(2, min_column_width=100, gap="xsmall")
                for picture, split, label, path in (
                    (small[number], row.split, row.label, row.path),
                    (small[number + len(rows)], row.twin_split, row.twin_label, row.twin_path),
                ):
                    with both.container(gap="xxsmall"):
                        _picture(picture, f"{label}, {_(SPLIT[split])}")
                        name = plain(os.path.basename(path))
                        st.caption(f"**{_(SPLIT[split])}** · {plain(label)}  \n{name}")
                st.caption(_alike(row))


def _alike(row) -> str:
    kind = _("exact copy") if row.distance == 0 else _("near copy, {share} apart").format(share=f"{row.distance:.1%}")
    if row.label != row.twin_label:
        return f":red[:material/label_off: {_('another label')}] · {kind}"
    return kind


def _picture(picture: bytes | str, alt: str) -> None:
    if isinstance(picture, bytes):
        st.image(picture, width="stretch", alt=alt)
    else:
        st.caption(f":material/broken_image: {plain(picture)}")


def _page(rows: pd.DataFrame, size: int) -> pd.DataFrame:
    page = min(selection.get().page, max(1, -(-len(rows) // size)))
    return rows.iloc[(page - 1) * size : page * size]


def _pages(n: int, size: int) -> None:
    pages = -(-n // size)
    if pages > 1:
        with st.container(horizontal_alignment="center"):
            st.pagination(pages, **selection.control("page", min(selection.get().page, pages)))


def classes(pictures: Dataset) -> None:
    """Show how many pictures each class has, and all pictures of a chosen one, a page at a time."""
    counts = pictures.counts()
    st.altair_chart(_counts(counts), alt=_counts_words(counts))
    _save(_("Counts as a table"), counts.reset_index(), f"{pictures.name}-counts.csv")
    split = current.split()
    names = counts.index.tolist()
    chosen = selection.get().true
    name = chosen if chosen in names else names[0]
    st.selectbox(_("Pictures of the class"), names, width=320, **selection.control("true", name))
    rows = pictures.samples(split)
    rows = rows[rows["label"] == name]
    if rows.empty:
        st.info(_("This class has no pictures in this split."), icon=":material/filter_alt_off:")
        return
    st.caption(
        n_("{n} {split} picture", "{n} {split} pictures", len(rows)).format(n=f"{len(rows):,}", split=_(SPLIT[split]))
    )
    _sheet(_page(rows, SHEET), [""] * SHEET)
    _pages(len(rows), SHEET)


def _counts(counts: pd.DataFrame) -> alt.Chart:
    long = counts.reset_index().melt("class", var_name="split", value_name="pictures")
    names = [_(SPLIT[split]) for split in counts.columns]
    long["split"] = long["split"].map(lambda split: _(SPLIT[split]))
    order = counts.sum(axis=1).sort_values(ascending=False).index.tolist()
    colour = alt.Color(
        "split:N",
        sort=names,
        title=None,
        scale=alt.Scale(domain=names, range=[_COLOURS[split] for split in counts.columns]),
        legend=alt.Legend(orient="top"),
    )
    axis = alt.Axis(labelLimit=180, labelOverlap=False, labelFlush=False)
    return (
        alt.Chart(long)
        .mark_bar()
        .encode(
            y=alt.Y("class:N", sort=order, title=None, axis=axis),
            x=alt.X("pictures:Q", title=_("Pictures"), axis=alt.Axis(format="d", tickMinStep=1)),
            color=colour,
            order=alt.Order("rank:Q"),
            tooltip=[
                alt.Tooltip("class:N", title=_("Class")),
                alt.Tooltip("split:N", title=_("Split")),
                alt.Tooltip("pictures:Q", title=_("Pictures")),
            ],
        )
        .transform_calculate(rank=f"indexof({names!r}, datum.split)")
        .properties(height=alt.Step(20))
    )


def _counts_words(counts: pd.DataFrame) -> str:
    total = counts.sum(axis=1)
    return _("Pictures in each class: from {low} ({least}) to {high} ({most})").format(
        low=int(total.min()), least=total.idxmin(), high=int(total.max()), most=total.idxmax()
    )


def _sheet(rows: pd.DataFrame, captions: list[str]) -> None:
    small = data.thumbnails(rows["path"].tolist(), 160)
    with st.grid("auto", min_column_width=104, gap="xsmall"):
        for row, picture, caption in zip(rows.itertuples(), small, captions, strict=False):
            with st.container(gap="xxsmall"):
                _picture(picture, row.label)
                if caption:
                    st.caption(caption)


def light(health: Health) -> None:
    """Show the darkest, brightest or blurriest pictures."""
    chosen = selection.get().light
    names = {key: _(entry[0]) for key, entry in LIGHT.items()}
    st.segmented_control(
        _("Show"), list(LIGHT), format_func=names.get, required=True, **selection.control("light", chosen)
    )
    _label, column, ascending = LIGHT[chosen]
    # Of a photograph that is there several times, one is enough to look at.
    good = health.images[health.images["reason"] == ""].drop_duplicates("group")
    rows = good.sort_values(column, ascending=ascending, kind="stable")
    st.caption(
        _("Brightness is the mean of all pixels, from 0 (black) to 255 (white).")
        if column == "brightness"
        else _("Sharpness is how much neighbouring pixels differ (variance of the Laplacian): low is blurred.")
    )
    part = _page(rows, SHEET)
    captions = [
        f"**{value:.0f}** · {_(SPLIT[split])}  \n{plain(label)}"
        for value, split, label in zip(part[column], part["split"], part["label"], strict=True)
    ]
    _sheet(part, captions)
    _pages(len(rows), SHEET)
    table = health.images[
        ["id", "split", "label", "width", "height", "size", "brightness", "contrast", "sharpness", "group", "reason"]
    ]
    _save(_("All pictures as a table"), table, f"{health.name}-pictures.csv")


def problems(health: Health) -> None:
    """List broken files, files that are no pictures, misnamed ones, near-empty classes, and the sizes."""
    split = {"split": {key: _(text) for key, text in SPLIT.items()}}
    columns = {
        "path": _("File"), "split": _("Split"), "label": _("Class"), "reason": _("Reason"), "format": _("What it is"),
        "images": _("Pictures"), "width": _("Width"), "height": _("Height"),
    }  # fmt: skip
    found = [
        (_("Broken files"), health.broken),
        (_("Files that are no pictures"), _said(health.others)),
        (_("Files named as another format"), health.mistyped),
        (_("Classes with fewer than 10 training pictures, or none in a split"), health.sparse),
    ]
    found = [(f"**{title}** :gray[{len(table):,}]", title, table) for title, table in found if len(table)]
    if not found:
        st.success(_("Every file can be read, and every class has pictures."), icon=":material/check_circle:")
    sizes = _("Sizes of the pictures")
    for words, title, table in [*found, (f"**{sizes}**", sizes, health.sizes)]:
        st.markdown(words)
        shown = table.head(1000).replace(split).rename(columns=columns)
        st.dataframe(shown, hide_index=True, alt=f"{title}: {len(table)}", height="content" if len(table) < 10 else 320)
    broken = pd.concat([health.broken, health.others, health.mistyped], ignore_index=True)
    if len(broken):
        _save(_("Problems as a table"), broken, f"{health.name}-problems.csv")


def _said(files: pd.DataFrame) -> pd.DataFrame:
    return files.assign(reason=[of_library(reason) for reason in files["reason"]])


def _save(label: str, table: pd.DataFrame, name: str) -> None:
    download(label, lambda: to_csv(table).encode("utf-8-sig"), name, key=f"save_{name}")
