"""The lowest version of each dependency that the project lets in, and the list of those without a known hole."""

import re
import tomllib
from dataclasses import dataclass
from datetime import date
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).resolve().parents[2]
LIST = Path(__file__).with_name("packages.toml")


@dataclass(frozen=True)
class Listed:
    """What the list says of one package.

    Args:
        safe: The first version without a known hole, ``None`` where none was ever known.
        ids: The advisories that earlier versions have.
        unfixed: Advisories without a version that is fixed, each with the reason why it is borne.
    """

    safe: Version | None
    ids: tuple[str, ...]
    unfixed: dict[str, str]


def looked_up() -> date:
    """The day on which the list was last compared with the databases."""
    return tomllib.loads(LIST.read_text("utf-8"))["looked_up"]


def listed() -> dict[str, Listed]:
    """The list, by the packages' normalised names."""
    packages = tomllib.loads(LIST.read_text("utf-8"))["packages"]
    return {canonicalize_name(name): _listed(entry) for name, entry in packages.items()}


def _listed(entry: dict) -> Listed:
    unfixed = {one: group["reason"] for group in entry.get("unfixed", []) for one in group["ids"]}
    return Listed(Version(entry["safe"]) if "safe" in entry else None, tuple(entry.get("ids", [])), unfixed)


def requirements() -> dict[str, Requirement]:
    """What pyproject.toml, its extras included, and requirements.txt ask for, by normalised name."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    lines = [*project["project"]["dependencies"], *project["build-system"]["requires"], *named_in_requirements_txt()]
    for extra in project["project"]["optional-dependencies"].values():
        lines += [line for line in extra if not line.startswith("carvis[")]
    found = [Requirement(line) for line in lines]
    return {canonicalize_name(one.name): one for one in found}


def named_in_requirements_txt() -> list[str]:
    """The packages that requirements.txt names itself, each with its range."""
    lines = (ROOT / "requirements.txt").read_text("utf-8").splitlines()
    return [line for line in lines if re.match(r"\w", line)]


def floors() -> dict[str, Version]:
    """The lowest version of each dependency that is let in."""
    return {name: _floor(requirement) for name, requirement in requirements().items()}


def _floor(requirement: Requirement) -> Version:
    versions = [Version(part.version) for part in requirement.specifier if part.operator in (">=", "==", "~=")]
    assert versions, f"{requirement} has no floor"
    return max(versions)


def installed() -> dict[str, Version]:
    """What the environment that runs this holds, but the installer and the project itself."""
    found = {canonicalize_name(one.name): Version(one.version) for one in metadata.distributions()}
    return {name: version for name, version in sorted(found.items()) if name not in ("pip", "carvis")}
