"""Compare models: which one is better, on which pictures, and whether the gap is real."""

import streamlit as st

from ui.compare import comparison, confidence, controls, model_pair, patterns, scoreboard, significance
from ui.state import current, evaluations, selection, workspace
from ui.state.i18n import _
from ui.state.widget_values import careful
from ui.widgets import commands, stale_warning
from ui.widgets.layout import empty, error, guarded, heading, no_models, stop
from ui.widgets.text import plain

heading(
    _("Compare models"),
    _("Which model is better, on which pictures, and could the gap be chance?"),
    _(
        "All models are measured on the same pictures, joined by name and content.\n\n"
        "- **Accuracy** is the share of pictures named rightly; its range (95 %) says how far chance alone could move "
        "it. **Without copies** counts only test pictures that have no copy among the training pictures.\n"
        "- **Top-3**: the truth is among the three most probable classes. **Macro F1**: precision and recall together, "
        "every class counting the same. **Log loss** also punishes being sure and wrong.\n"
        "- **Calibration error** (ECE, 15 bins of equal width): how far confidence and accuracy lie apart. 0.05 means "
        "that, on average, 80 % confidence stands for 75 % or 85 % accuracy.\n\n"
        "**Is the gap real?** Only pictures that one model gets right and the other wrong tell two models apart. If "
        "both were equally good, such a picture would fall to either side like a coin. The exact McNemar test says how "
        "often a fair coin falls so unevenly (p). Below 0.05, chance alone hardly explains the gap; with several "
        "pairs, p is corrected (Holm), since who asks often finds something by chance.\n\n"
        "**Temperature** is one number that makes confidence honest and changes no answer. It is learnt on validation "
        "pictures, and judged on test pictures."
    ),
)
if not workspace.model_files() and not evaluations.saved():
    no_models(current.dataset_name())
    stop()
evaluated = comparison.evaluated()
chosen = selection.get()
refused = comparison.refused(chosen.model)
for reason in refused.values():
    error(reason)
if len(evaluated) < 2:
    others = [name for name in workspace.model_files() if name not in evaluated][:3]
    empty(
        _("Nothing to compare yet"),
        _("A comparison needs two models or more that were evaluated on the chosen data set and split."),
        *(commands.evaluate(workspace.model_files()[name]) for name in others),
        *([] if others else [commands.evaluate(None)]),
    )
    stop()

models = comparison.models(evaluated)
with st.container(horizontal=True, vertical_alignment="bottom"):
    controls.choose_models(evaluated, models)
    controls.choose_copies(evaluated)
known = {*workspace.model_files()} - evaluated.keys() - refused.keys()
if missing := [name for name in chosen.model if name in known]:
    names = ", ".join(plain(name) for name in missing)
    st.caption(_("Not evaluated on these pictures, so not compared: {names}.").format(names=names))
if len(models) < 2:
    st.info(_("Choose another model to compare with."), icon=":material/balance:")
    st.button(
        _("Compare all that were evaluated"),
        type="primary",
        on_click=careful(selection.change),
        kwargs={"model": tuple(evaluated)[: comparison.MOST]},
    )
    stop()

stale_warning.say(evaluated[name] for name in models)
with guarded():
    compared = comparison.comparison(evaluated, models)
    effects = comparison.temperatures(compared)
    scoreboard.show(compared.found, effects)
    significance.show(compared.found)
    st.subheader(_("Who is right where"), anchor=False)
    patterns.show(compared.found)
    st.subheader(_("From one model to another"), anchor=False)
    model_pair.show(compared)
    st.subheader(_("Can their confidence be believed?"), anchor=False)
    confidence.reliability(compared, effects)
    st.subheader(_("Answering only when sure"), anchor=False)
    confidence.risk(compared)
