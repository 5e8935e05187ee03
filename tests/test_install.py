"""What an installation brings: requirements.txt and pyproject.toml agree, and the package is found wherever one stands.

The editable install is seen from the folder above a clone, where the clone's own folder is named as the package is.
"""

import os
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[1]

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
# What people look for in requirements.txt, in this order.
NAMED = ["tensorflow", "streamlit", "numpy", "opencv-python-headless", "matplotlib", "pandas", "pytest"]


def test_requirements_txt_names_what_people_look_for_with_the_ranges_of_pyproject():
    lines = (ROOT / "requirements.txt").read_text("utf-8").splitlines()
    assert lines[-1] == "-e ."
    extras = PROJECT["optional-dependencies"]
    ranges = {
        requirement.name: requirement
        for requirement in map(Requirement, [*PROJECT["dependencies"], *extras["dashboard"], *extras["test"]])
    }
    named = [Requirement(line) for line in lines[:-1]]
    assert [requirement.name for requirement in named] == NAMED
    assert named == [ranges[name] for name in NAMED]


def test_opening_the_dashboard_installs_no_oracle():
    """Nothing but pytest of the ``test`` and ``dev`` extras is named, and ``-e .`` asks for no extra."""
    optional = PROJECT["optional-dependencies"]
    oracles = {Requirement(line).name for line in [*optional["test"], *optional["dev"]]} - {"carvis", "pytest"}
    needed = {Requirement(line).name for line in PROJECT["dependencies"]} | set(NAMED)
    assert {"tf_keras", "tf-keras-vis", "tensorboard", "hypothesis", "pytest-xdist", "babel"} <= oracles
    assert not oracles & needed


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


def test_a_wheel_carries_what_is_no_python_file(tmp_path):
    """Catalogues, the marker for type checkers, stub files and the report's template."""
    for name in ("README.md", "LICENSE", "pyproject.toml"):
        shutil.copy(ROOT / name, tmp_path)
    shutil.copytree(ROOT / "carvis", tmp_path / "carvis", ignore=shutil.ignore_patterns("__pycache__"))
    build = f"from setuptools import build_meta; build_meta.build_wheel({str(tmp_path)!r})"
    done = subprocess.run([sys.executable, "-c", build], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    [wheel] = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        packed = {name for name in archive.namelist() if name.startswith("carvis/")}
    kinds = (".py", ".pyi", ".po", ".mo", ".html", ".css")
    files = {path for path in (ROOT / "carvis").rglob("*") if path.suffix in kinds or path.name == "py.typed"}
    assert packed == {path.relative_to(ROOT).as_posix() for path in files}
