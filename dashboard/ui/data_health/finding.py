"""How honest a test on these images is, in one sentence, and the main numbers."""

import streamlit as st

from carvis.dataset.health import Health
from ui.state.i18n import _, n_

# From this share on, the accuracy on test pictures tells more about memory than about skill.
_MUCH = 0.05


def show(health: Health) -> bool:
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
        (_("Pictures"), len(health.pictures), None),
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
