from .cache import attention_key, load_attention
from .findings import (
    OutlierFinding,
    attention_finding,
    claim_finding,
    difference,
    need_finding,
    outlier_findings,
    precision_finding,
    skipped_messages,
)
from .intervals import FEWEST, MEASURES, USEFUL, Precision, precision
from .measurement import attention_on_parts
from .part_claim import VERDICTS, Claim, claim, default_part, names_an_emblem
from .proposals import Proposal, carried_over, nearest_annotated, object_box, proposed_boxes
from .result import Attention
from .settings import FILLS, TARGETS, AttentionSettings

__all__ = [
    "FEWEST",
    "FILLS",
    "MEASURES",
    "TARGETS",
    "USEFUL",
    "VERDICTS",
    "Attention",
    "AttentionSettings",
    "Claim",
    "OutlierFinding",
    "Precision",
    "Proposal",
    "attention_finding",
    "attention_key",
    "attention_on_parts",
    "carried_over",
    "claim",
    "claim_finding",
    "default_part",
    "difference",
    "load_attention",
    "names_an_emblem",
    "nearest_annotated",
    "need_finding",
    "object_box",
    "outlier_findings",
    "precision",
    "precision_finding",
    "proposed_boxes",
    "skipped_messages",
]
