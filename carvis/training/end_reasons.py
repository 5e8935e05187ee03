"""Why a run ended early: English in its files, and the reader's language where it is shown."""

import re

from carvis.language import Message, localised

CTRL_C, CTRL_C_TWICE, SIGTERM = Message("Ctrl-C"), Message("Ctrl-C twice"), Message("SIGTERM")
CALLBACK = Message("stopped by the progress callback")
KILLED = Message("The process ended without a message: it may have been killed.")
PARENT_STOPPED = Message("the transfer run before it was stopped")
LOSS_NOT_FINITE = Message("the loss is NaN or infinite: try a lower learning rate")


def stop_file(name: str) -> Message:
    """Return the reason of a run that a file in its directory stopped."""
    return Message("stopped by the file {name}", name=name)


def no_improvement(epochs: int | str) -> Message:
    """Return the reason of a run that no longer gets better."""
    return Message("neither validation loss nor validation accuracy improved for {epochs} epochs", epochs=epochs)


_FIXED = {
    str(reason): reason for reason in (CTRL_C, CTRL_C_TWICE, SIGTERM, CALLBACK, KILLED, PARENT_STOPPED, LOSS_NOT_FINITE)
}
# What earlier versions wrote.
_FIXED |= {
    "asked to end (SIGTERM)": SIGTERM,
    "The process ended without a word: was it killed?": KILLED,
    "the loss is no longer a number: try a lower learning rate": LOSS_NOT_FINITE,
}
_PATTERNS = (
    (r"(?:asked to stop|stopped) by the file (.+)", stop_file),
    (r"neither validation loss nor validation accuracy improved for (\d+) epochs", no_improvement),
    (r"no better validation loss or accuracy for (\d+) epochs", no_improvement),
)


def localised_reason(reason: str) -> str:
    """Return the reason that a status names in the language spoken in this block; an error's as it is."""
    if reason in _FIXED:
        return localised(_FIXED[reason])
    for pattern, message in _PATTERNS:
        if match := re.fullmatch(pattern, reason):
            return localised(message(match[1]))
    return reason
