"""The health of a data set, checked on request and kept; and its leak-free split, made on request."""

import contextlib
from collections import OrderedDict
from pathlib import Path

import streamlit as st

from carvis.dataset import Dataset
from carvis.dataset.health import Health, Split, check_dataset, split_dataset
from carvis.dataset.health.image_facts import CACHE_BYTES
from carvis.errors import CarvisError
from carvis.workspace import Cache, content_hash, json_text
from ui.state import data, jobs
from ui.state.i18n import _, n_
from ui.state.widget_values import careful
from ui.widgets import commands
from ui.widgets.layout import error
from ui.widgets.text import SPLIT, plain

_MOST_OPEN, _MOST_NAMED = 4, 8
_SPLITTING, _MADE = "health_splitting", "health_made"
# Measured on two cores with pictures of 224 x 224.
_SECONDS_A_PICTURE = 0.006
SHARES = ("train", "valid", "test")


@st.cache_resource(max_entries=4, show_spinner=False)
def _cache(folder: Path) -> Cache:
    return Cache(folder / "health", CACHE_BYTES)


def cache() -> Cache:
    """Return the workspace's cache of what is known about pictures."""
    return _cache(data.workspace().cache_dir)


@st.cache_resource(show_spinner=False)
def _opened() -> OrderedDict:
    """Results in memory, shared by all sessions."""
    return OrderedDict()


def checked(pictures: Dataset) -> Health | None:
    """Return what a check of a data set found; where it was never checked, offer to."""
    key = content_hash("checked", str(pictures.root), pictures.fingerprint, data.picture_times(pictures))
    shelf = _opened()
    if key in shelf:
        return shelf[key]
    here = cache()
    if here.get(key, ".json"):
        with st.spinner(_("Reading what the last check found …")):
            return _keep(key, check_dataset(pictures, cache=here))
    n = int(pictures.counts().to_numpy().sum())
    seconds = max(1, round(n * _SECONDS_A_PICTURE))
    wait = (
        n_("about {n} second", "about {n} seconds", seconds).format(n=seconds)
        if seconds < 90
        else n_("about {n} minute", "about {n} minutes", round(seconds / 60)).format(n=round(seconds / 60))
    )
    note = n_("{n} picture, {wait}; what is found is kept.", "{n} pictures, {wait}; what is found is kept.", n)
    return jobs.on_request(
        key,
        _("Check these pictures"),
        lambda watch: _keep(key, check_dataset(pictures, watch, here), here),
        note.format(n=f"{n:,}", wait=wait),
    )


def _keep(key: str, health: Health, here: Cache | None = None) -> Health:
    if here is not None:
        # In a workspace that cannot be written, what was found is there until the dashboard ends.
        with contextlib.suppress(CarvisError):
            here.put(key, ".json", json_text(health.summary()).encode())
    shelf = _opened()
    shelf[key] = health
    while len(shelf) > _MOST_OPEN:
        shelf.popitem(last=False)
    return health


def offer_split(health: Health) -> None:
    """Offer to make the leak-free split beside the data set, and tell what came of it."""
    out = data.workspace().data_dir / f"{health.name}-free"
    made = st.session_state.get(_MADE)
    if made and made.out == out and out.is_dir():
        _tell(made)
        return
    if out.exists():
        st.success(
            _("The split is there: choose **{name}** as data set in the sidebar, and train and evaluate on it.").format(
                name=plain(out.name)
            ),
            icon=":material/check_circle:",
        )
        return
    command = commands.carvis("split", commands.path(health.root), "--out", commands.path(out))
    st.code(command, language="bash", wrap_lines=True)
    if st.session_state.get(_SPLITTING) != str(out):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.button(
                _("Make this split"),
                icon=":material/call_split:",
                type="primary",
                key="health_split",
                on_click=careful(_begin),
                args=(str(out),),
            )
            st.caption(_("70 % training, 15 % validation, 15 % test; takes no space, since pictures are links."))
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        bar = st.progress(0.0, text=_("Getting ready …"), width="stretch")
        st.button(_("Stop"), icon=":material/stop:", key="health_stop", on_click=careful(_begin), args=("",))

    def watch(done: float, total: float) -> None:
        # Drawing the bar is also where a click on Stop ends the run.
        bar.progress(min(1.0, done / total), text=_("{share} done").format(share=f"{done / total:.0%}"))

    try:
        st.session_state[_MADE] = split_dataset(health, out, cache=cache(), progress=watch)
    except Exception as problem:
        # Whatever it was, the next run of the page does not begin the split again.
        st.session_state.pop(_SPLITTING, None)
        if not isinstance(problem, CarvisError):
            raise
        error(problem)
        return
    st.session_state.pop(_SPLITTING, None)
    data.look_again()
    st.rerun()


def _begin(out: str) -> None:
    st.session_state[_SPLITTING] = out


def _tell(made: Split) -> None:
    counts = made.counts.sum()
    left_out = sum(made.skipped.values())
    words = [
        _("**{name}** holds {train} training, {valid} validation and {test} test pictures.").format(
            name=plain(made.out.name), **{split: f"{counts[split]:,}" for split in SHARES}
        ),
        n_("{n} picture was left out", "{n} pictures were left out", left_out).format(n=f"{left_out:,}")
        + " "
        + _("(`split.csv` in it says why)."),
        _("Choose it as data set in the sidebar, and train and evaluate on it."),
    ]
    st.success(" ".join(words), icon=":material/check_circle:")
    for split, names in made.missing_classes.items():
        if names:
            some = ", ".join(map(plain, names[:_MOST_NAMED])) + (" …" if len(names) > _MOST_NAMED else "")
            text = n_(
                "{n} class has no pictures in {split}: {names}",
                "{n} classes have no pictures in {split}: {names}",
                len(names),
            ).format(n=f"{len(names):,}", split=_(SPLIT[split]).lower(), names=some)
            st.warning(text, icon=":material/warning:")
