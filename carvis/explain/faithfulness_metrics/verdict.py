"""The verdict on a heatmap's faithfulness: its name and what it means."""

from typing import Literal

from carvis.language import Message

Verdict = Literal["better", "not-better", "no-evidence"]

VERDICT_NAMES: dict[Verdict, Message] = {
    "better": Message("better than the baselines"),
    "not-better": Message("no better than the baselines"),
    "no-evidence": Message("no evidence to test"),
}
VERDICT_SENTENCES: dict[Verdict, Message] = {
    "better": Message(
        "Deleting the evidence lowers the confidence more, and inserting it raises it more, than for a "
        "random map and a centred blob."
    ),
    "not-better": Message(
        "A random map or a centred blob finds what the model needs as well as this heatmap: do not trust it."
    ),
    "no-evidence": Message("The heatmap is blank: there is nothing to test."),
}

# Of a heatmap that does not change when the weights are replaced.
UNCHANGED_NAME = Message("does not change with the weights")
UNCHANGED_SENTENCE = Message("The heatmap is about the same when every weight is replaced by a random one.")
