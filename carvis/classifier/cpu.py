"""What this machine's processor can do."""

from functools import lru_cache
from pathlib import Path

_UNITS = {"avx512_bf16", "amx_bf16"}


@lru_cache(maxsize=1)
def has_bfloat16() -> bool:
    """Tell whether the system says that its processor multiplies bfloat16 numbers in hardware."""
    cpuinfo = Path("/proc/cpuinfo")
    return cpuinfo.is_file() and not _UNITS.isdisjoint(cpuinfo.read_text().split())
