from .cache import kept, settings_key, settings_of
from .fills import FILLS
from .measurement import TARGETS, attention_on_parts
from .part_claim import VERDICTS, Claim, claim
from .result import Attention

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
