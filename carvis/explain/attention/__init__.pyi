from .cache import attention_key, load_attention
from .findings import (
    OutlierFinding,
    attention_finding,
    claim_finding,
    difference,
    need_finding,
    outlier_findings,
    skipped_messages,
)
from .measurement import attention_on_parts
from .part_claim import VERDICTS, Claim, claim, default_part, names_an_emblem
from .result import Attention
from .settings import FILLS, TARGETS, AttentionSettings

__all__ = [
    "FILLS",
    "TARGETS",
    "VERDICTS",
    "Attention",
    "AttentionSettings",
    "Claim",
    "OutlierFinding",
    "attention_finding",
    "attention_key",
    "attention_on_parts",
    "claim",
    "claim_finding",
    "default_part",
    "difference",
    "load_attention",
    "names_an_emblem",
    "need_finding",
    "outlier_findings",
    "skipped_messages",
]
