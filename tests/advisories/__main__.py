"""``python -m tests.advisories``: ask the advisory databases for the floors and for what is installed.

The exit code is 1 where a database names a vulnerability. A database that cannot be reached is no failure: the list
in ``packages.toml``, which the tests compare with the floors, then counts.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from packaging.version import Version

from tests.advisories.floors import floors, installed, listed, looked_up

SERVICES = ("osv", "pypi")
SECONDS = 120


@dataclass
class Answer:
    """What the databases say of a set of packages.

    Args:
        found: One line a vulnerability that somebody has to mend.
        borne: One line a vulnerability that the list bears, with its reason.
        answered: The packages that a database knew.
        trouble: Why a database did not answer, where one did not.
    """

    found: list[str] = field(default_factory=list)
    borne: list[str] = field(default_factory=list)
    answered: set[str] = field(default_factory=set)
    trouble: str = ""


def ask(packages: dict[str, Version], audit: list[str], seconds: float = SECONDS) -> Answer:
    """Ask one database after the other until each package was answered for.

    Args:
        packages: Versions by name.
        audit: The command that starts pip-audit, with what it is always given.
        seconds: How long one database is waited for.
    """
    answer = Answer()
    for service in SERVICES:
        missing = {name: version for name, version in packages.items() if name not in answer.answered}
        if missing:
            _ask_one(service, missing, audit, seconds, answer)
    return answer


def _ask_one(service: str, packages: dict[str, Version], audit: list[str], seconds: float, answer: Answer) -> None:
    with tempfile.TemporaryDirectory() as folder:
        pinned, report = Path(folder) / "pinned.txt", Path(folder) / "report.json"
        pinned.write_text("".join(f"{name}=={version}\n" for name, version in packages.items()), "utf-8")
        command = [*audit, "--requirement", str(pinned), "--no-deps", "--disable-pip", "--progress-spinner", "off"]
        command += ["--vulnerability-service", service, "--format", "json", "--output", str(report)]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=seconds, check=False)
        except subprocess.TimeoutExpired:
            answer.trouble = f"{service} did not answer within {seconds:.0f} s"
            return
        if not report.is_file() or not (content := report.read_text("utf-8").strip()):
            answer.trouble = f"{service}: {(done.stderr.strip() or 'no answer').splitlines()[-1]}"
            return
    take(json.loads(content), answer)


def take(report: dict, answer: Answer) -> None:
    """Enter a report of pip-audit's into an answer."""
    known = listed()
    for package in report["dependencies"]:
        if "skip_reason" in package:
            answer.trouble = package["skip_reason"]
            continue
        answer.answered.add(package["name"])
        borne = known[package["name"]].unfixed if package["name"] in known else {}
        for hole in package["vulns"]:
            name = next((one for one in (hole["id"], *hole["aliases"]) if one in borne), hole["id"])
            fixed = ", ".join(hole["fix_versions"]) or "no version"
            line = f"{package['name']} {package['version']}: {name}, fixed in {fixed}"
            if name in borne:
                answer.borne.append(f"{line}; {borne[name]}")
            else:
                answer.found.append(line)


def main(words: list[str]) -> int:
    """Print what the databases say and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.advisories", description=__doc__.partition("\n")[0])
    parser.add_argument("--pip-audit", default="pip-audit", metavar="FILE", help="pip-audit's executable")
    parser.add_argument("--osv-url", metavar="URL", help="another address for the OSV database")
    args = parser.parse_args(words)
    audit = [args.pip_audit, *(["--osv-url", args.osv_url] if args.osv_url else [])]
    code = 0
    for title, packages in (("floors", floors()), ("installed", installed())):
        try:
            answer = ask(packages, audit)
        except OSError as error:
            answer = Answer(trouble=f"{args.pip_audit} cannot be started: {error.strerror}")
        print(f"{title}: {len(answer.answered)} of {len(packages)} packages answered for", flush=True)
        for line in answer.borne:
            print(f"  borne: {line}")
        for line in answer.found:
            print(f"  vulnerable: {line}")
        if len(answer.answered) < len(packages):
            print(f"  for the others the list of {looked_up()} counts ({answer.trouble})")
        code = code or int(bool(answer.found))
    return code


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
