"""Colours of charts in the light and in the dark theme."""

from dataclasses import dataclass

import numpy as np
import streamlit as st


@dataclass(frozen=True)
class Look:
    """Colours that let a cell of nothing sink into the page: the more, the darker on white and the brighter on dark."""

    dark: bool

    @classmethod
    def now(cls) -> "Look":
        """The look of the theme that the person has chosen."""
        return cls(st.context.theme.type == "dark")

    @property
    def ink(self) -> str:
        """The colour of text."""
        return "#ffffff" if self.dark else "#111111"

    @property
    def grid(self) -> str:
        """The colour of grid lines."""
        return "#26303a" if self.dark else "#e8ebee"

    @property
    def signed(self) -> list[str]:
        """The colours of a diverging scale: negative, zero, positive."""
        return ["#b79cf0", "#242c34", "#f0a24f"] if self.dark else ["#542788", "#f4f4f4", "#b35806"]

    def text(self, tone: np.ndarray, signed: bool) -> np.ndarray:
        """The colour of a number on a cell whose value is at ``tone`` 0..1 of the scale."""
        if signed:
            return np.where(tone > 0.55, *(("#000000", "#ffffff") if self.dark else ("#ffffff", "#111111")))
        return np.where(tone > 0.45, *(("#000000", "#ffffff") if self.dark else ("#ffffff", "#111111")))
