"""The editable install seen from the folder above a clone, where the clone's own folder is named as the package is."""

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """A clone named carvis, and the folder that ``pip install -e`` would fill."""
    pytest.importorskip("setuptools", minversion="64")
    above = tmp_path_factory.mktemp("above")
    clone = above / "carvis"
    clone.mkdir()
    shutil.copy(ROOT / "README.md", clone)
    # An older setuptools than the one that pip fetches does not know how licences are named today.
    lines = (ROOT / "pyproject.toml").read_text("utf-8").splitlines()
    text = "\n".join(line for line in lines if not line.startswith("license"))
    (clone / "pyproject.toml").write_text(text, "utf-8")
    shutil.copytree(ROOT / "carvis", clone / "carvis", ignore=shutil.ignore_patterns("__pycache__"))
    build = f"from setuptools import build_meta; build_meta.build_editable({str(above)!r})"
    done = subprocess.run([sys.executable, "-c", build], cwd=clone, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    site = above / "site"
    [wheel] = above.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)
    return above, site


@pytest.mark.parametrize("kind", ["-c", "-m", "script", "stdin"])
def test_the_package_is_found_from_the_folder_above_a_clone_of_its_name(installed, kind):
    above, site = installed
    # What Python does at its start with the folder of installed packages, of which this one comes last.
    (above / "sitecustomize").mkdir(exist_ok=True)
    # The project itself may be installed here as editable, by a finder or by a path.
    start = "import os, site, sys\nsys.meta_path[:] = [f for f in sys.meta_path if 'editable' not in repr(f)]\n"
    start += "here = lambda place: os.path.exists(os.path.join(place, 'carvis', '__init__.py'))\n"
    start += "sys.path[:] = [place for place in sys.path if not here(place)]\n"
    (above / "sitecustomize" / "sitecustomize.py").write_text(f"{start}site.addsitedir({str(site)!r})\n")
    (above / "script.py").write_text("import carvis; print(carvis.__version__, carvis.__file__, carvis.Dataset)")
    text = (above / "script.py").read_text()
    command = {"-c": ["-c", text], "-m": ["-m", "carvis", "--version"], "script": ["script.py"], "stdin": ["-"]}[kind]
    env = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    env |= {"PYTHONPATH": str(above / "sitecustomize")}
    done = subprocess.run([sys.executable, *command], cwd=above, env=env, input=text if kind == "stdin" else None,
                          capture_output=True, text=True, check=False)  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("carvis 0." if kind == "-m" else "0.")
    assert kind == "-m" or str(above / "carvis" / "carvis" / "__init__.py") in done.stdout
