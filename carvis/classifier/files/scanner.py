"""``scan``: a model file checked in a process of its own, since some damage crashes the HDF5 library or makes it loop.

One process checks one file after the other; a file that ends it is reported, and the next one gets a new process.
"""

import atexit
import contextlib
import json
import os
import subprocess
import threading
from pathlib import Path

from carvis.classifier.files.size_limit import REMEDY
from carvis.errors import ModelError, UntrustedModelError
from carvis.language import Message, from_data
from carvis.startup import module_process

# A file of 30,000 parts takes a second; one that has to be unpacked first, some more.
_SECONDS, _BYTES_A_SECOND = 10.0, 20e6
_SECONDS_TO_START = 120.0
_lock = threading.Lock()
_running: tuple[int, subprocess.Popen] | None = None


def scan(path: Path, *, weights: bool = False) -> dict | None:
    """Check an HDF5 or ``.keras`` file in another process and return the facts of its ``ModelFile``.

    Args:
        path: the file.
        weights: check the weights alone; the facts are then empty.

    Returns:
        the facts, None where no other process can be started.

    Raises:
        ModelError: it is refused, or its reader crashed or ran out of time.
        OSError: the file no longer exists.
    """
    seconds = _SECONDS + path.stat().st_size / _BYTES_A_SECOND
    folder = None if path.is_absolute() else os.getcwd()
    request = {"path": str(path), "folder": folder, "weights": weights, "seconds": seconds}
    with _lock:
        process = _process()
        if process is None:
            return None
        line, timed_out = _response(process, json.dumps(request).encode() + b"\n", seconds)
        if not line:
            process.kill()
            raise _endless(path, seconds) if timed_out else _crashed(path, process.wait())
    response = json.loads(line)
    if "refused" in response:
        kind = UntrustedModelError if response["kind"] == "UntrustedModelError" else ModelError
        raise kind(from_data(response["refused"]))
    return response


def _response(process: subprocess.Popen, request: bytes, seconds: float) -> tuple[bytes, bool]:
    """Return the line that a process writes back, empty where it ended first, and whether its time ran out."""
    timed_out = threading.Event()

    def end() -> None:
        timed_out.set()
        process.kill()

    clock = threading.Timer(seconds, end)
    clock.start()
    line = b""
    try:
        assert process.stdin is not None and process.stdout is not None
        process.stdin.write(request)
        process.stdin.flush()
        line = process.stdout.readline()
    except OSError:
        pass
    finally:
        clock.cancel()
    return line if line.endswith(b"\n") else b"", timed_out.is_set()


def _process() -> subprocess.Popen | None:
    global _running
    owner, process = _running or (0, None)
    # A forked process shares the pipes and must not use them.
    if process is not None and owner == os.getpid() and process.poll() is None:
        return process
    command, environment = module_process("carvis.classifier.files.scanner_process")
    try:
        process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )
    except OSError:
        return None
    # The process writes an empty line once it has started.
    if not _response(process, b"\n", _SECONDS_TO_START)[0]:
        process.kill()
        return None
    _running = os.getpid(), process
    return process


@atexit.register
def _end() -> None:
    owner, process = _running or (0, None)
    if process is not None and owner == os.getpid():
        with contextlib.suppress(OSError):
            process.kill()
            process.wait()


def _crashed(path: Path, code: int) -> ModelError:
    return ModelError(
        Message(
            "{path} crashes the program that reads it (exit code {code}), so it is damaged or malicious: get the file"
            " again, or {remedy}.",
            path=path,
            code=code,
            remedy=REMEDY,
        )
    )


def _endless(path: Path, seconds: float) -> ModelError:
    return ModelError(
        Message(
            "{path} could not be checked in {n} seconds, so it may be damaged or malicious: get the file again, or"
            " {remedy}.",
            path=path,
            n=f"{seconds:,.0f}",
            remedy=REMEDY,
        )
    )
