"""The sandbox process: ``python -m carvis.classifier.files.sandbox.worker FILE RESULT BYTES SECONDS``.

It ends when its standard input does, that is, with the process that started it.
"""

import os
import sys
import threading
import time
from pathlib import Path

_GRACE = 10


def main(arguments: list[str]) -> int:
    """Open a model file and predict one image; write the outcome to a file.

    Args:
        arguments: the model file, the file to write, the bytes that the model may take, the seconds of all.
    """
    path, result, allowed, seconds = Path(arguments[0]), Path(arguments[1]), int(arguments[2]), float(arguments[3])
    _end_with_parent(seconds)
    from carvis.startup import quiet_tensorflow

    quiet_tensorflow()
    import numpy as np

    from carvis.classifier.files.sandbox.verdict import refusal, too_large
    from carvis.classifier.memory_estimate import TooLargeError
    from carvis.classifier.reader import load_classifier
    from carvis.classifier.runtime_errors import is_memory
    from carvis.language import as_data
    from carvis.workspace import json_text

    before = _limit_memory(allowed)
    start = time.monotonic()
    try:
        clf = load_classifier(path)
        noise = np.random.default_rng(0).integers(0, 256, (*clf.probe_size, clf.channels), dtype=np.uint8)
        clf.predict([noise])
        # What the pages ask of a model that is open.
        _ = clf.default_layer, clf.fingerprint, clf.layer_table(), clf.totals()
        facts = {"kind": "passed", "memory": max(_most_memory() - before, 0), "seconds": time.monotonic() - start}
    except BaseException as error:
        if is_memory(error) or is_memory(error.__cause__ or error):
            facts = {"kind": "memory", "refused": as_data(too_large(path, allowed))}
        else:
            kind = "memory" if isinstance(error, TooLargeError) else "refused"
            facts = {"kind": kind, "refused": as_data(refusal(error, path))}
    result.write_text(json_text(facts), encoding="utf-8")
    # A model that took the memory to its bound may fail while it is taken down.
    sys.stdout.flush()
    os._exit(0)


def _end_with_parent(seconds: float) -> None:
    if hasattr(os, "setsid") and sys.platform != "win32":
        import signal

        # The system's own alarm also ends what never comes back to Python.
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.alarm(int(seconds) + _GRACE)

    def wait() -> None:
        sys.stdin.buffer.read()
        os._exit(3)

    threading.Thread(target=wait, daemon=True).start()


def _limit_memory(allowed: int) -> int:
    """Let the system refuse more memory than was allowed, where it can; return what is used so far."""
    try:
        import resource

        # TensorFlow's own memory does not count.
        used = 1024 * int(_status("VmData"))
        resource.setrlimit(resource.RLIMIT_DATA, (used + allowed, used + allowed))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # Windows has no such limit, macOS no such file: the parent watches the memory used.
    except (ImportError, OSError, ValueError, KeyError):
        pass
    return _most_memory()


def _status(name: str) -> str:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(f"{name}:"):
            return line.split()[1]
    raise KeyError(name)


def _most_memory() -> int:
    try:
        return 1024 * int(_status("VmHWM"))
    except (OSError, KeyError):
        import psutil

        return psutil.Process().memory_info().rss


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
