"""The form that starts a training run, with an estimate of its duration."""

from pathlib import Path
from typing import Any

import streamlit as st

from carvis.architectures.backbones import BACKBONES
from carvis.architectures.recipes import RECIPES
from carvis.classifier.card import read_card
from carvis.classifier.cpu import has_bfloat16
from carvis.demo import MissingImages, missing_images, training_defaults
from carvis.workspace import children, is_demo
from ui.state import current, selection, workspace
from ui.state.i18n import N_, _, shown_as, translated
from ui.training.selection import TrainingSelection
from ui.widgets.layout import guarded, part
from ui.widgets.text import duration, plain

WEIGHTS = {"imagenet": N_("ImageNet (downloaded by Keras)"), "none": N_("none: random initialisation")}


_DEMO_NOTES = {
    "own": N_("Defaults for the demo: a small network at 160 pixels; takes a few minutes."),
    "transfer": N_("Defaults for the demo: its own small backbone, pretrained on other car makes; no download."),
    "fine-tune": N_("Defaults for the demo: its own transfer model and the learning rate of its fine-tuning."),
}
_OPEN, _CLOSE, _OFFER = "start_form", "_start_form_closes", "_drawing_to_offer"


def popover(dataset: str) -> None:
    """Show the button and form that start a training run on a data set."""
    if st.session_state.pop(_CLOSE, False):
        st.session_state[_OPEN] = False
    window = st.popover(
        _("Start training"),
        icon=":material/add:",
        type="primary",
        disabled=not dataset,
        key=_OPEN,
        on_change="rerun",
    )
    with window:
        if dataset:
            _form(dataset)
    # A dialog over the open popover would lie below it.
    if offer := st.session_state.pop(_OFFER, None):
        _offer_drawing(*offer)


def _form(dataset: str) -> None:
    st.markdown(_("Data set: **{name}**").format(name=plain(dataset)))
    key = selection.spoken("start_recipe")
    chosen = st.segmented_control(
        _("Recipe"),
        list(RECIPES),
        default=None if key in st.session_state else "transfer",
        format_func=shown_as({name: _(recipe.title) for name, recipe in RECIPES.items()}),
        required=True,
        key=key,
    )
    recipe = chosen or "transfer"
    st.caption(_(RECIPES[recipe].sentence))
    root = workspace.datasets()[dataset]
    demo_defaults = training_defaults(recipe, workspace.get()) if is_demo(root) else {}
    if demo_defaults and recipe in _DEMO_NOTES:
        st.caption(_(_DEMO_NOTES[recipe]))
    config = {"recipe": recipe, **_network(recipe, dataset, demo_defaults)}
    with st.expander(_("More settings"), type="compact"):
        config |= _schedule(recipe, demo_defaults)
    with st.container(horizontal=True):
        start_clicked = st.button(_("Start"), icon=":material/play_arrow:", type="primary", key="start_run")
        estimate_clicked = st.button(_("Estimate"), icon=":material/timer:", key="estimate_run")
    with guarded():
        missing = missing_images(root) if is_demo(root) else None
        if missing and "train" in missing.planned:
            if start_clicked:
                with st.spinner(_("Measuring …")):
                    st.session_state[_OFFER] = (dataset, config, missing, missing.seconds())
                st.session_state[_CLOSE] = True
                st.rerun()
            elif estimate_clicked:
                _estimate(dataset, config, (missing.planned["train"], missing.planned.get("valid", 0)))
        elif start_clicked:
            _start(dataset, config)
        elif estimate_clicked:
            _estimate(dataset, config)


def _offer_drawing(dataset: str, config: dict, missing: MissingImages, seconds: float) -> None:
    """Offer, in a dialog, to draw the demo's training images as the first step of the run."""

    def window() -> None:
        sentence = _("The run draws {n} images first, once: about {time} on this computer, {size} MB.")
        size = f"{missing.bytes / 1e6:.0f}"
        st.markdown(sentence.format(n=f"{missing.total:,}", time=duration(seconds), size=size))
        with st.container(horizontal=True), guarded():
            if st.button(_("Draw and start"), icon=":material/play_arrow:", type="primary", key="draw_and_start"):
                _start(dataset, config)
            if st.button(_("Not now"), key="draw_later"):
                st.rerun()

    st.dialog(_("The demo's training images are not drawn yet"), icon=":material/draw:")(part(window))()


def _network(recipe: str, dataset: str, demo_defaults: dict) -> dict:
    # The demo has its own defaults, so its widgets have their own keys.
    own = "_demo" if demo_defaults else ""
    config: dict = {"width": demo_defaults["width"]} if "width" in demo_defaults else {}
    if RECIPES[recipe].parent:
        parents = _parents(RECIPES[recipe].parent, demo_defaults)
        fits = _fitting_parent(list(parents), dataset, demo_defaults)
        config["parent"] = st.selectbox(
            _("Parent model"), list(parents), index=list(parents).index(fits) if fits else None,
            placeholder=_("a new transfer model, trained first"), key=f"start_parent_{dataset}",
        )  # fmt: skip
        if config["parent"]:
            config["open_from"] = _first_trainable_block(parents[config["parent"]])
            return config
    if RECIPES[recipe].backbone:
        names = list(BACKBONES)
        first = names.index(demo_defaults.get("backbone", names[0]))
        config["backbone"] = st.selectbox(_("Backbone"), names, index=first, key=f"start_backbone{own}")
        backbone = BACKBONES[config["backbone"]]
        of_demo = config["backbone"] == demo_defaults.get("backbone")
        trained = workspace.get().relative(demo_defaults["weights"]) if of_demo else None
        options = [*(["imagenet"] if backbone.application else []), "none", *_weight_files()]
        options = list(dict.fromkeys([*options, *([trained] if trained else [])]))
        labels = {name: name for name in options} | translated(WEIGHTS)
        key = selection.spoken(f"start_weights_{config['backbone']}{own}")
        initial: dict[str, Any] = {} if key in st.session_state else {"index": options.index(trained) if trained else 0}
        config["weights"] = st.selectbox(_("Weights"), options, format_func=shown_as(labels), key=key, **initial)
        if RECIPES[recipe].parent:
            config["open_from"] = _first_trainable_block(config["backbone"])
        if config["weights"] not in WEIGHTS:
            config["weights"] = workspace.get().root / config["weights"]
        size = demo_defaults["input_size"] if trained else backbone.input_size
    else:
        size = demo_defaults.get("input_size", 256)
    config["input_size"] = st.number_input(_("Image size"), 16, 1024, size, 16, key=f"start_size_{size}")
    return config


def _schedule(recipe: str, demo_defaults: dict) -> dict:
    defaults = RECIPES[recipe]
    best_rate = demo_defaults.get("learning_rate", defaults.learning_rate)
    left, right = st.columns(2)
    with left:
        epochs = st.number_input(_("Maximum epochs"), 1, 1000, defaults.epochs, key=f"start_epochs_{recipe}")
        batch = st.number_input(_("Batch size"), 1, 512, 32, key="start_batch")
        views = st.number_input(
            _("Augmented views per image"), 0, 100, defaults.views, key=f"start_views_{recipe}",
            help=_("Used in turn; frozen layers process each view only once. 0: a new view every epoch."),
        )  # fmt: skip
    with right:
        rate = st.number_input(
            _("Peak learning rate"), 1e-7, 10.0, best_rate, format="%.0e", key=f"start_rate_{recipe}_{best_rate}"
        )
        patience = st.number_input(_("Patience"), 1, 1000, defaults.patience, key=f"start_patience_{recipe}")
        augment = st.toggle(
            _("Augmentation"), True, key="start_augment", help=_("Random mirroring, cropping and brightness.")
        )
    mixed = st.toggle(
        _("Mixed precision"),
        key="start_mixed",
        help=_(
            "Layers compute in bfloat16, which this CPU supports: VGG16 takes about a quarter of "
            "the time; small networks may not get faster."
        )
        if has_bfloat16()
        else _(
            "Layers compute in bfloat16, which this CPU does not support: it would be slower "
            "here; some GPUs support it."
        ),
    )
    replay = st.toggle(
        _("Save every epoch"),
        key="start_replay",
        help=_("Saves the weights of every epoch in half precision, for the replay."),
    )
    name = st.text_input(_("Model name"), placeholder=_("from data set, recipe and backbone"), key="start_name")
    return {
        "epochs": int(epochs),
        "batch_size": int(batch),
        "views": int(views),
        "learning_rate": float(rate),
        "patience": int(patience),
        "augment": augment,
        "mixed_precision": mixed,
        "replay": replay,
        "name": name or None,
    }


def _first_trainable_block(backbone: str | None) -> str | None:
    """Choose the first trainable block; None for the backbone's default."""
    blocks = BACKBONES[backbone].blocks if backbone in BACKBONES else ()
    if not blocks:
        return None
    return st.selectbox(
        _("First trainable block"),
        blocks[::-1],
        key=f"start_open_{backbone}",
        help=_("This block and all later ones are trained. More blocks take longer and need more images."),
    )


def _parents(recipe: str | None, demo_defaults: dict) -> dict[str, str | None]:
    """Return the models of a recipe, as paths below the workspace, with their backbone."""
    parents = {}
    demo_parent = [demo_defaults["parent"]] if "parent" in demo_defaults else []
    for path in dict.fromkeys([*workspace.model_files().values(), *demo_parent]):
        card = current.card_of(path)
        if card and card.recipe == recipe:
            parents[workspace.get().relative(path)] = card.backbone
    return parents


def _fitting_parent(parents: list[str], dataset: str, demo_defaults: dict) -> str | None:
    """Return the first parent model with the classes of the data set, None where there is none."""
    space = workspace.get()
    if "parent" in demo_defaults:
        return space.relative(demo_defaults["parent"])
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


def _start(dataset: str, config: dict) -> None:
    from carvis.training import start

    with st.spinner(_("Starting …")):
        run = start(**config, data=workspace.dataset(dataset), workspace=workspace.get())
    selection.change(run=(run.id, *(name for name in selection.get(TrainingSelection).run if name != run.id))[:6])
    st.session_state[_CLOSE] = True
    st.rerun()


def _estimate(dataset: str, config: dict, awaited: tuple[int, int] | None = None) -> None:
    from carvis.training import estimate

    # The weights do not affect the time, so none are downloaded.
    config = config | {"weights": "none", "name": None} if "weights" in config else config
    with st.spinner(_("Measuring two steps …")):
        cost = estimate(**config, data=workspace.dataset(dataset), workspace=workspace.get(), awaited=awaited)
    sentence = _("About {time} for all epochs, with {n} training and {m} validation images.")
    st.markdown(sentence.format(time=duration(cost.seconds), n=f"{cost.images:,}", m=f"{cost.valid_images:,}"))
    if cost.disk_bytes:
        sentence = _("The frozen layers up to {layer} are computed once per view and cached: {size} MB on disk.")
        st.markdown(sentence.format(layer=plain(cost.cut), size=f"{max(1, cost.disk_bytes / 1e6):,.0f}"))
