"""Where models look: attention on the parts of the cars, over a whole split."""

import streamlit as st

from carvis.explain.methods import METHODS
from ui.attention import annotations, disagreement, measurement, sections
from ui.state import current, data, selection
from ui.state.i18n import N_, _, of_library, translated
from ui.widgets import assumptions, commands, pickers, skipped_files, unreadable
from ui.widgets.layout import empty, guarded, heading, no_models
from ui.widgets.text import plain

COVER = {"yes": N_("Look, and occlude each part"), "no": N_("Only look (much faster)")}
EXPLAIN = {"predicted": N_("the predicted class"), "true": N_("the true class")}


def by_parts(models: list[str]) -> bool:
    """Show which annotated parts the models look at and need; return whether anything was measured."""
    pictures = annotations.dataset()
    split = current.split()
    if pictures is None or not split:
        empty(
            _("No pictures yet"),
            _("Put pictures into `data/NAME/train/CLASS/`, `valid/CLASS/` and `test/CLASS/`."),
            commands.carvis("demo"),
        )
        return False
    if why := skipped_files.why_nothing():
        empty(_("No pictures yet"), plain(why))
        return False
    listed = annotations.sources(pictures)
    source = annotations.chosen(listed)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        words = {key: one.words() for key, one in listed.items()}
        st.selectbox(
            _("Annotated parts"), list(listed), format_func=words.get, width=280,
            **selection.control("parts", source.key),
        )  # fmt: skip
        annotations.add()
        _settings()
    if list(listed) == [annotations.BOX]:
        empty(
            _("The parts of these pictures are not annotated yet"),
            _(
                "Upload boxes or outlines with the button above (COCO, Pascal VOC or a CSV table), put masks into the "
                "data set's folder, or set one box on one picture here:"
            ),
        )
    parts = annotations.read(source, pictures, split)
    if parts is None or not models:
        return False
    st.caption(annotations.summary(parts, pictures, split))
    settings = measurement.attention_settings(selection.get())
    found = unreadable.each(
        "result",
        {name: name for name in models},
        lambda name: measurement.result(name, pictures, split, parts, settings),
    )
    results = {name: found.get(name) for name in models}
    missing = [name for name, result in results.items() if result is None]
    if measurement.offer(missing, pictures, split, parts, settings):
        st.rerun()
    if there := {name: result for name, result in results.items() if result is not None}:
        sections.show(there, pictures)
    return bool(there)


def _settings() -> None:
    chosen = selection.get()
    explained = chosen.explain if chosen.explain in EXPLAIN else "predicted"
    methods = list(METHODS)
    with st.popover(_("Settings"), icon=":material/tune:"):
        # A closed window's widgets come to life when it is opened: they need their start values in every run.
        st.selectbox(_("Method"), methods, methods.index(chosen.method), **selection.control("method", chosen.method))
        st.caption(of_library(METHODS[chosen.method].caption))
        for label, words, field, value in (
            (_("Evidence for"), EXPLAIN, "explain", explained),
            (_("Ask"), COVER, "cover", chosen.cover),
        ):
            st.segmented_control(
                label,
                list(words),
                default=value,
                format_func=translated(words).get,
                required=True,
                wrap=True,
                **selection.control(field, value),
            )


heading(
    _("Where models look"),
    _("Which parts of the car do the models look at over all images, and which do they need?"),
    _(
        "One heatmap tells about one image. Here the heatmaps of all annotated images are summed up, part by part.\n\n"
        "- **Share of the evidence**: how much of a model's evidence lies on the part. The **line** beside it is the "
        "part's share of the image, which evidence spread at random would reach. **Times its area** is one divided by "
        "the other.\n"
        "- **Maximum lies on it** (the pointing game): in how many images the maximum of the heatmap lies on the "
        "part.\n"
        "- **Fall when occluded**: the part is filled with the colours around it and the model predicts again. How far "
        "does the probability fall? This shows what the model **needs**; a heatmap only shows what it looks at.\n"
        "- The **diamond** is the control: the same shape occluded elsewhere. Only what a fall has beyond it comes "
        "from the part itself. The background's shape, moved, occludes much of the car, so its control is large.\n\n"
        "**What stands out** compares the classes: where a model relies on a part for one class and not for the "
        "others, it may have learnt a shortcut, such as a backdrop.\n\n"
        "**Where models disagree**, below, finds the images to look at next: those with the same prediction for "
        "different reasons, and those on which only one model is right."
    ),
)
files = data.model_files()
if files:
    shown = current.models()
    pickers.choose_models(list(files), shown)
    assumed = st.container()
    measured = False
    with guarded():
        measured = by_parts(shown)
    with guarded():
        measured |= disagreement.show(shown)
    if measured:
        with assumed:
            assumptions.of_models(shown, current.dataset_name(), current.split())
else:
    no_models(current.dataset_name())
