"""Attention on parts: what a model looks at and what it needs, over a whole test set.

Importing it loads no TensorFlow; measuring does.
"""

from carvis.explain.attention.claim import VERDICTS, Claim, claim
from carvis.explain.attention.covering import FILLS
from carvis.explain.attention.looking import TARGETS, attention_on_parts
from carvis.explain.attention.result import Attention
from carvis.explain.attention.storage import kept, settings_key, settings_of

__all__ = [
    "FILLS",
    "TARGETS",
    "VERDICTS",
    "Attention",
    "Claim",
    "attention_on_parts",
    "claim",
    "kept",
    "settings_key",
    "settings_of",
]
