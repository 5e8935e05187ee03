"""How processes start: TensorFlow without start-up lines that look like errors, and processes of this carvis."""

import contextlib
import importlib
import importlib.util
import os
import re
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from types import ModuleType

# What TensorFlow, absl and CUDA write while they start; the second form is that of TensorFlow before 2.18.
_LINE = re.compile(
    rb"WARNING: All log messages before absl::InitializeLog"
    rb"|[IWEF]\d{4} \d\d:\d\d:\d+\.\d+\s"
    rb"|\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+: [IWEF] "
    rb"|To enable the following instructions:"
    rb"|Skipping registering GPU devices"
)
_CARD = "/dev/nvidiactl"
_loading = threading.Lock()
_USES = re.compile(rb"^(import|from) (keras|tensorflow)\b", re.M)


def quiet_tensorflow() -> None:
    """Suppress TensorFlow's start-up lines once something imports it, unless it fails or ignores a graphics card.

    Its C++ parts write to the terminal by themselves, past Python, before any setting counts: during the import, and
    only then, what is written there is held back. Lines of others come after it.
    """
    # 2: warnings and notices after start-up are suppressed, errors are not.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    installed = any(isinstance(finder, _Finder) for finder in sys.meta_path)
    if "tensorflow" not in sys.modules and not installed:
        sys.meta_path[:0] = [_Finder(), _FirstFinder()]


def load_ahead(*modules: str) -> None:
    """Import large packages in one thread, while all others that ask for the same wait.

    Threads that import packages which need each other, such as SciPy and scikit-learn, and Keras, which takes
    scikit-learn along, can wait for each other for ever: Python 3.11 does not always see it.
    """
    with _loading:
        for name in modules:
            importlib.import_module(name)


def module_process(module: str, *arguments: str) -> tuple[list[str], dict[str, str]]:
    """Return the command and the environment of a process that runs a module of this carvis.

    It imports nothing from the folder it is started in, which may be a workspace of somebody else's.
    """
    inherited = filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))
    paths = [str(Path(__file__).resolve().parents[1]), *map(os.path.abspath, inherited)]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(paths)}
    return [sys.executable, "-P", "-m", module, *arguments], environment


class _Finder(MetaPathFinder):
    """Finds TensorFlow as usual, once, and executes it silently."""

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if name != "tensorflow":
            return None
        with contextlib.suppress(ValueError):
            sys.meta_path.remove(self)
        spec = importlib.util.find_spec(name)
        if spec is not None and spec.loader is not None:
            execute = spec.loader.exec_module
            setattr(spec.loader, "exec_module", lambda module: _execute(execute, module))  # noqa: B010
        return spec


class _FirstFinder(MetaPathFinder):
    """Has TensorFlow imported to its end before a module of carvis begins that uses it or Keras.

    Keras begins with modules deep inside TensorFlow. While one thread holds such a module and waits for TensorFlow,
    another that imports TensorFlow waits for the module: Python breaks the tie with an exception, and TensorFlow can
    not be imported again in that process. So every thread waits for TensorFlow itself, holding nothing that it needs.
    """

    done = False

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if name.startswith("carvis.") and not self.done:
            spec = PathFinder.find_spec(name, path)
            if spec is not None and spec.origin and spec.origin.endswith(".py"):
                with open(spec.origin, "rb") as file:
                    uses = _USES.search(file.read())
                if uses:
                    with contextlib.suppress(ImportError):
                        importlib.import_module("tensorflow")
                        self.done = True
        return None


def _execute(execute: Callable[[ModuleType], None], module: ModuleType) -> None:
    with _held_back() as release:
        execute(module)
        # Asks the driver, which says so where there is none.
        cards = module.config.list_physical_devices("GPU")
        if not cards and os.path.exists(_CARD):
            release()


@contextlib.contextmanager
def _held_back() -> Iterator[Callable[[], None]]:
    """Capture start-up lines on standard error; calling what is yielded, or an exception, prints them."""
    try:
        terminal, captured = os.dup(2), tempfile.TemporaryFile()  # noqa: SIM115
    except OSError:
        # Started without a terminal (pythonw): nothing can be written, nothing needs to be captured.
        yield lambda: None
        return
    released = []
    sys.stderr and sys.stderr.flush()
    os.dup2(captured.fileno(), 2)
    try:
        yield lambda: released.append(True)
    except BaseException:
        released.append(True)
        raise
    finally:
        sys.stderr and sys.stderr.flush()
        os.dup2(terminal, 2)
        os.close(terminal)
        captured.seek(0)
        for line in captured.read().splitlines(keepends=True):
            if released or not _LINE.match(line):
                os.write(2, line)
        captured.close()
