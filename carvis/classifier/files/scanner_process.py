"""The process that scans model files: ``python -m carvis.classifier.files.scanner_process``.

It reads one JSON object per line, writes one back, and ends with its input.
"""

import json
import os
import sys
from pathlib import Path

_GRACE = 5


def main() -> int:
    """Scan the file that each line of the standard input names."""
    from carvis.classifier.files.inspection import open_weights, read_in_process
    from carvis.errors import ModelError
    from carvis.language import as_data, message_of

    output = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    _limit_memory()
    for line in sys.stdin.buffer:
        request = json.loads(line.strip() or b"null")
        if request is None:
            output.write(b"\n")
            output.flush()
            continue
        _set_alarm(request["seconds"] + _GRACE)
        if request["folder"]:
            os.chdir(request["folder"])
        try:
            if request["weights"]:
                with open_weights(Path(request["path"])):
                    facts = {}
            else:
                facts = vars(read_in_process(Path(request["path"])))
                facts = facts | {"path": None}
        except ModelError as error:
            facts = {"refused": as_data(message_of(error)), "kind": type(error).__name__}
        # What is wrong with a file of weights is reported by whoever reads them.
        except Exception:
            facts = {}
        output.write(json.dumps(facts).encode() + b"\n")
        output.flush()
        _set_alarm(0)
    return 0


def _set_alarm(seconds: float) -> None:
    """Let the system end this process if nothing else does: what never comes back to Python hears no other way."""
    if sys.platform != "win32":
        import signal

        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.alarm(int(seconds))


def _limit_memory() -> None:
    try:
        import resource

        import psutil

        most = psutil.virtual_memory().total // 2
        resource.setrlimit(resource.RLIMIT_AS, (most, most))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # Windows has no such limit.
    except (ImportError, OSError, ValueError):
        pass


if __name__ == "__main__":
    raise SystemExit(main())
