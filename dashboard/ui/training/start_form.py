"""The form that starts a training, with an estimate of what it will take."""

from pathlib import Path
from typing import Any

import streamlit as st

from carvis.architectures.backbones import BACKBONES
from carvis.classifier.card import read_card
from carvis.classifier.processor import has_bfloat16
from carvis.demo import MissingImages, missing_images, training_defaults
from carvis.training.recipes import DEFAULTS, RecipeName
from carvis.workspace import children, is_demo
from ui.state import current, selection, workspace
from ui.state.i18n import N_, _, shown_as, translated
from ui.training.selection import TrainingSelection
from ui.widgets.layout import guarded, part
from ui.widgets.text import duration, plain

RECIPES: dict[RecipeName, str] = {"own": N_("Own CNN"), "transfer": N_("Transfer"), "fine-tune": N_("Fine-tuning")}
_NOTES = {
    "own": N_("A small network that learns everything from these pictures."),
    "transfer": N_("A network that already knows pictures stays as it is; only a new head learns these classes."),
    "fine-tune": N_("As transfer, but the last block of the network learns too, at a low rate."),
}
WEIGHTS = {"imagenet": N_("ImageNet (downloaded by Keras)"), "none": N_("none: everything learns from nothing")}


_NOTES_ON_THE_DEMO = {
    "own": N_("The start values suit the demo: a small network at 160 pixels, a run of a few minutes."),
    "transfer": N_(
        "The start values suit the demo: its own small backbone, trained on other makes; nothing is downloaded."
    ),
    "fine-tune": N_("The start values suit the demo: its own transfer model and the rate that it was trained with."),
}
_OPEN, _CLOSES, _OFFER = "start_form", "_start_form_closes", "_drawing_to_offer"


def popover(dataset: str) -> None:
    """Offer to start a training on a data set."""
    if st.session_state.pop(_CLOSES, False):
        st.session_state[_OPEN] = False
    window = st.popover(
        _("Start a training"),
        icon=":material/add:",
        type="primary",
        disabled=not dataset,
        key=_OPEN,
        on_change="rerun",
    )
    with window:
        if dataset:
            _form(dataset)
    # A window over the open form would lie below it.
    if offer := st.session_state.pop(_OFFER, None):
        _offer_drawing(*offer)


def _form(dataset: str) -> None:
    st.markdown(_("Data set: **{name}**").format(name=plain(dataset)))
    key = selection.spoken("start_recipe")
    chosen = st.segmented_control(
        _("Recipe"),
        list(RECIPES),
        default=None if key in st.session_state else "transfer",
        format_func=shown_as(translated(RECIPES)),
        required=True,
        key=key,
    )
    recipe: RecipeName = chosen or "transfer"
    st.caption(_(_NOTES[recipe]))
    root = workspace.datasets()[dataset]
    suits = training_defaults(recipe, workspace.get()) if is_demo(root) else {}
    if suits:
        st.caption(_(_NOTES_ON_THE_DEMO[recipe]))
    wanted = {"recipe": recipe, **_network(recipe, dataset, suits)}
    with st.expander(_("More"), type="compact"):
        wanted |= _course(recipe, suits)
    with st.container(horizontal=True):
        begin = st.button(_("Start"), icon=":material/play_arrow:", type="primary", key="start_run")
        reckon = st.button(_("Estimate"), icon=":material/timer:", key="estimate_run")
    with guarded():
        missing = missing_images(root) if is_demo(root) else None
        if missing and "train" in missing.planned:
            if begin:
                with st.spinner(_("Measuring …")):
                    st.session_state[_OFFER] = (dataset, wanted, missing, missing.seconds())
                st.session_state[_CLOSES] = True
                st.rerun()
            elif reckon:
                _estimate(dataset, wanted, (missing.planned["train"], missing.planned.get("valid", 0)))
        elif begin:
            _start(dataset, wanted)
        elif reckon:
            _estimate(dataset, wanted)


def _offer_drawing(dataset: str, wanted: dict, missing: MissingImages, seconds: float) -> None:
    """Offer, in a window, to draw the demo's training images as the first part of the run."""

    def window() -> None:
        words = _("The run draws {n} images first, once: about {time} on this computer, {size} MB.")
        size = f"{missing.bytes / 1e6:.0f}"
        st.markdown(words.format(n=f"{missing.total:,}", time=duration(seconds), size=size))
        with st.container(horizontal=True), guarded():
            if st.button(_("Draw and start"), icon=":material/play_arrow:", type="primary", key="draw_and_start"):
                _start(dataset, wanted)
            if st.button(_("Not now"), key="draw_later"):
                st.rerun()

    st.dialog(_("The demo's training images are not drawn yet"), icon=":material/draw:")(part(window))()


def _network(recipe: str, dataset: str, suits: dict) -> dict:
    # Each data set has start values of its own.
    own = "_demo" if suits else ""
    wanted: dict = {"width": suits["width"]} if "width" in suits else {}
    if recipe == "fine-tune":
        parents = _parents(suits)
        fits = _fitting_parent(list(parents), dataset, suits)
        wanted["parent"] = st.selectbox(
            _("Starts from"), list(parents), index=list(parents).index(fits) if fits else None,
            placeholder=_("a new transfer model, trained first"), key=f"start_parent_{dataset}",
        )  # fmt: skip
        if wanted["parent"]:
            wanted["open_from"] = _opened(parents[wanted["parent"]])
            return wanted
    if recipe != "own":
        names = list(BACKBONES)
        first = names.index(suits.get("backbone", names[0]))
        wanted["backbone"] = st.selectbox(_("Backbone"), names, index=first, key=f"start_backbone{own}")
        known = BACKBONES[wanted["backbone"]]
        trained = workspace.get().relative(suits["weights"]) if wanted["backbone"] == suits.get("backbone") else None
        options = [*(["imagenet"] if known.application else []), "none", *_weight_files()]
        options = list(dict.fromkeys([*options, *([trained] if trained else [])]))
        words = {name: name for name in options} | translated(WEIGHTS)
        key = selection.spoken(f"start_weights_{wanted['backbone']}{own}")
        start: dict[str, Any] = {} if key in st.session_state else {"index": options.index(trained) if trained else 0}
        wanted["weights"] = st.selectbox(_("Weights"), options, format_func=shown_as(words), key=key, **start)
        if recipe == "fine-tune":
            wanted["open_from"] = _opened(wanted["backbone"])
        if wanted["weights"] not in WEIGHTS:
            wanted["weights"] = workspace.get().root / wanted["weights"]
        size = suits["input_size"] if trained else known.input_size
    else:
        size = suits.get("input_size", 256)
    wanted["input_size"] = st.number_input(_("Side of the pictures"), 16, 1024, size, 16, key=f"start_size_{size}")
    return wanted


def _course(recipe: RecipeName, suits: dict) -> dict:
    defaults = DEFAULTS[recipe]
    best_rate = suits.get("learning_rate", defaults.learning_rate)
    left, right = st.columns(2)
    with left:
        epochs = st.number_input(_("Epochs at most"), 1, 1000, defaults.epochs, key=f"start_epochs_{recipe}")
        batch = st.number_input(_("Pictures a step"), 1, 512, 32, key="start_batch")
        views = st.number_input(
            _("Views of each picture"), 0, 100, defaults.views, key=f"start_views_{recipe}",
            help=_("Augmented views, shown in turn; frozen layers see each only once. 0: a new one each epoch."),
        )  # fmt: skip
    with right:
        rate = st.number_input(
            _("Highest learning rate"), 1e-7, 10.0, best_rate, format="%.0e", key=f"start_rate_{recipe}_{best_rate}"
        )
        patience = st.number_input(_("Patience"), 1, 1000, defaults.patience, key=f"start_patience_{recipe}")
        augment = st.toggle(_("Augment"), True, key="start_augment", help=_("Mirror, crop and relight the pictures."))
    mixed = st.toggle(
        _("Mixed precision"),
        key="start_mixed",
        help=_(
            "Layers compute in bfloat16. On this processor, which has units for it, VGG16 takes about a quarter of "
            "the time; small networks may gain nothing."
        )
        if has_bfloat16()
        else _(
            "Layers compute in bfloat16. This processor has no units for it and would be slower; some graphics "
            "cards have."
        ),
    )
    kept = st.toggle(
        _("Keep every epoch"), key="start_replay", help=_("Keeps the weights of every epoch, halved, for the replay.")
    )
    name = st.text_input(
        _("Name of the model"), placeholder=_("made of data set, recipe and backbone"), key="start_name"
    )
    return {
        "epochs": int(epochs),
        "batch_size": int(batch),
        "views": int(views),
        "learning_rate": float(rate),
        "patience": int(patience),
        "augment": augment,
        "mixed_precision": mixed,
        "replay": kept,
        "name": name or None,
    }


def _opened(backbone: str | None) -> str | None:
    """Ask which blocks learn; None leaves it at the last one."""
    blocks = BACKBONES[backbone].blocks if backbone in BACKBONES else ()
    if not blocks:
        return None
    return st.selectbox(
        _("First block that learns"),
        blocks[::-1],
        key=f"start_open_{backbone}",
        help=_("This block and all after it learn. More of them take longer and need more pictures."),
    )


def _parents(suits: dict) -> dict[str, str | None]:
    """List the transfer models, as paths below the workspace, with their backbone."""
    found = {}
    for path in dict.fromkeys([*workspace.model_files().values(), *([suits["parent"]] if suits else [])]):
        card = current.card_of(path)
        if card and card.recipe == "transfer":
            found[workspace.get().relative(path)] = card.backbone
    return found


def _fitting_parent(parents: list[str], dataset: str, suits: dict) -> str | None:
    """Choose the transfer model that a fine-tuning starts from: one that tells this data set's classes apart."""
    space = workspace.get()
    if suits:
        return space.relative(suits["parent"])
    with guarded():
        names = workspace.dataset(dataset).class_names
        return next((path for path in parents if _class_names(space.root / path) == names), None)
    return None


def _class_names(path: Path) -> list[str] | None:
    card = read_card(path)
    return card.class_names if card else None


def _weight_files() -> list[str]:
    space = workspace.get()
    inside = children(space.root / "weights", space.links, folders=False)
    files = [*(path for path in inside if path.suffix in (".h5", ".keras")), *workspace.model_files().values()]
    return [space.relative(path) for path in files]


def _start(dataset: str, wanted: dict) -> None:
    from carvis.training import start

    with st.spinner(_("Starting …")):
        run = start(**wanted, data=workspace.dataset(dataset), workspace=workspace.get())
    selection.change(run=(run.id, *(name for name in selection.get(TrainingSelection).run if name != run.id))[:6])
    st.session_state[_CLOSES] = True
    st.rerun()


def _estimate(dataset: str, wanted: dict, awaited: tuple[int, int] | None = None) -> None:
    from carvis.training import estimate

    # Weights decide nothing about the time, and a model is not downloaded to be measured.
    wanted = wanted | {"weights": "none", "name": None} if "weights" in wanted else wanted
    with st.spinner(_("Measuring two steps …")):
        found = estimate(**wanted, data=workspace.dataset(dataset), workspace=workspace.get(), awaited=awaited)
    words = _("About {time} if it goes on to its last epoch: {n} pictures to learn from, {m} to validate.")
    st.markdown(words.format(time=duration(found.seconds), n=f"{found.pictures:,}", m=f"{found.valid_pictures:,}"))
    if found.disk_bytes:
        words = _("The layers up to {layer} are computed once a view and kept: {size} MB of disk.")
        st.markdown(words.format(layer=plain(found.cut), size=f"{max(1, found.disk_bytes / 1e6):,.0f}"))
