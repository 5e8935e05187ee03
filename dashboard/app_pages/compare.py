"""Compare models: which one is better, on which images, and whether the gap is real."""

import streamlit as st

from ui.compare import averaging, comparison, confidence, controls, model_pair, patterns, scoreboard, significance
from ui.state import current, evaluations, selection, workspace
from ui.state.i18n import _
from ui.state.widget_values import careful
from ui.widgets import commands, pickers, stale_warning
from ui.widgets.layout import empty, error, guarded, heading, no_models, stop

heading(
    _("Compare models"),
    _("Which model is better, on which images, and could the gap be chance?"),
    _(
        "All models are compared on the same images, matched by name and content.\n\n"
        "- **Accuracy** is the share of correct predictions. Its 95 % confidence interval (CI) shows how uncertain it "
        "is with this number of images. **Without leakage** ignores images that are also in training, exactly or "
        "nearly.\n"
        "- **Top-3**: the true class is among the three most probable classes. **Macro F1**: F1, which combines "
        "precision and recall, averaged over the classes. **Log loss** also penalises confident mistakes.\n"
        "- **Calibration error** (ECE, 15 bins of equal width): the mean gap between confidence and accuracy. At "
        "0.05, a confidence of 80 % means, on average, an accuracy of 75 % or 85 %.\n\n"
        "**Is the gap real?** Two models differ only on the images that exactly one of them predicts correctly. "
        "If both were equally good, either would be the correct one equally often. The exact McNemar test gives the "
        "probability p of a split at least this uneven. Below 0.05, the gap is hardly chance. With several pairs, p "
        "is corrected (Holm), since among many tests some fall below 0.05 by chance.\n\n"
        "**Temperature** scaling divides the logits by one number. It corrects the confidence and leaves every "
        "prediction as it is. It is fitted on validation images and judged on test images."
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
        _("A comparison needs two or more models evaluated on this data set and split."),
        *(commands.evaluate(workspace.model_files()[name]) for name in others),
        *([] if others else [commands.evaluate(None)]),
    )
    stop()

models = comparison.models(evaluated)
with st.container(horizontal=True):
    controls.choose_models(evaluated, models)
    controls.choose_image_set(evaluated)
pickers.name_unevaluated(evaluated.keys() | refused.keys())
if len(models) < 2:
    st.info(_("Choose a second model to compare."), icon=":material/balance:")
    st.button(
        _("Compare all evaluated models"),
        type="primary",
        on_click=careful(selection.change),
        kwargs={"model": tuple(evaluated)[: comparison.MOST]},
    )
    stop()

stale_warning.say(evaluated[name] for name in models)
with guarded():
    compared = comparison.comparison(evaluated, models)
    effects = comparison.temperatures(compared)
    timed = scoreboard.show(compared.result, effects)
    significance.show(compared.result)
    st.subheader(_("Which models are right on which images"), anchor=False)
    patterns.show(compared.result)
    st.subheader(_("Fixed and broken by another model"), anchor=False)
    model_pair.show(compared)
    st.subheader(_("Would averaging the models help?"), anchor=False)
    averaging.show(timed)
    st.subheader(_("Calibration: can the confidence be trusted?"), anchor=False)
    confidence.reliability(compared, effects)
    st.subheader(_("Selective prediction: accuracy on confident predictions"), anchor=False)
    confidence.risk(compared)
