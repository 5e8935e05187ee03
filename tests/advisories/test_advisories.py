"""No floor lets in a version with a known hole, and nobody has to be reached for that to be checked."""

import http.server
import json
import stat
import sys
import threading

import pytest
from packaging.version import Version

from tests.advisories.__main__ import Answer, ask, take
from tests.advisories.floors import floors, installed, listed, requirements


@pytest.mark.parametrize("name", sorted(requirements()))
def test_a_floor_lets_in_no_version_with_a_known_hole(name):
    known = listed()
    assert name in known, f"{name} is new: look its advisories up and enter it into packages.toml"
    safe, floor = known[name].safe, floors()[name]
    assert safe is None or floor >= safe, f"{name}>={floor} lets in {', '.join(known[name].ids)}: ask for >={safe}"


@pytest.mark.parametrize("name", sorted(listed().keys() & installed().keys()))
def test_what_is_installed_has_no_known_hole(name):
    entry, version = listed()[name], installed()[name]
    remedy = "python -m pip install --upgrade -r requirements.txt -e '.[dev]'"
    assert entry.safe is None or version >= entry.safe, f"{name} {version} has {', '.join(entry.ids)}: {remedy}"


def test_every_entry_says_which_advisories_and_every_exception_says_why():
    for name, entry in listed().items():
        assert bool(entry.safe) == bool(entry.ids), name
        assert all(len(reason.split()) > 5 for reason in entry.unfixed.values()), name
        for one in (*entry.ids, *entry.unfixed):
            assert one.startswith(("CVE-20", "GHSA-", "PYSEC-20")), (name, one)


def test_a_report_is_taken_by_what_it_says():
    hole = {"id": "PYSEC-2026-1", "fix_versions": ["3.16"], "aliases": ["CVE-2026-1"], "description": ""}
    known = {"id": "GHSA-1", "fix_versions": [], "aliases": ["CVE-2026-8461"], "description": ""}
    report = {
        "dependencies": [
            {"name": "keras", "version": "3.15.1", "vulns": [hole]},
            {"name": "opencv-python-headless", "version": "5.0.0.93", "vulns": [known]},
            {"name": "rich", "version": "15.0.0", "vulns": []},
            {"name": "numpy", "skip_reason": "Dependency not found on PyPI"},
        ],
        "fixes": [],
    }
    answer = Answer()
    take(report, answer)
    assert answer.found == ["keras 3.15.1: PYSEC-2026-1, fixed in 3.16"]
    assert len(answer.borne) == 1 and "carvis opens no video" in answer.borne[0]
    assert answer.answered == {"keras", "opencv-python-headless", "rich"} and "not found" in answer.trouble


@pytest.mark.skipif(sys.platform == "win32", reason="the stand-in is a script with a first line for Unix")
@pytest.mark.parametrize(
    ("script", "answered", "found", "trouble"),
    [
        ("time.sleep(60)", 0, 0, "did not answer within 2 s"),
        ("sys.exit('ConnectionError: no route')", 0, 0, "no route"),
        ("report({'name': 'keras', 'skip_reason': 'not found on PyPI'})", 0, 0, "not found on PyPI"),
        ("report({'name': 'keras', 'version': '1', 'vulns': []})", 1, 0, ""),
        ("report({'name': 'keras', 'version': '1', 'vulns': [hole]}); sys.exit(1)", 1, 1, ""),
    ],
    ids=["hangs", "cannot be reached", "does not know", "knows of none", "knows of one"],
)
def test_a_database_that_does_not_answer_is_no_vulnerability(tmp_path, script, answered, found, trouble):
    tool = tmp_path / "pip-audit"
    tool.write_text(
        f"#!{sys.executable}\nimport json, sys, time\n"
        "hole = {'id': 'X', 'fix_versions': [], 'aliases': []}\n"
        "def report(one):\n"
        "    out = sys.argv[sys.argv.index('--output') + 1]\n"
        "    open(out, 'w').write(json.dumps({'dependencies': [one], 'fixes': []}))\n"
        f"{script}\n"
    )
    tool.chmod(tool.stat().st_mode | stat.S_IXUSR)
    answer = ask({"keras": Version("1")}, [str(tool)], seconds=2)
    assert (len(answer.answered), len(answer.found)) == (answered, found) and trouble in answer.trouble


def test_the_real_tool_is_understood(tmp_path):
    """Where pip-audit is installed: against a database of this test's own."""
    pytest.importorskip("pip_audit")

    class Database(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            hole = {
                "id": "PYSEC-2026-9", "aliases": [], "summary": "a hole", "published": "2026-01-01T00:00:00Z",
                "affected": [{
                    "package": {"name": "keras", "ecosystem": "PyPI"},
                    "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "9"}]}],
                }],
            }  # fmt: skip
            content = json.dumps({"vulns": [hole]} if asked["package"]["name"] == "keras" else {}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Database) as database:
        threading.Thread(target=database.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{database.server_port}/v1/query"
        command = [sys.executable, "-m", "pip_audit", "--osv-url", url]
        answer = ask({"keras": Version("3.15.1"), "rich": Version("15.0.0")}, command)
        database.shutdown()
    assert answer.found == ["keras 3.15.1: PYSEC-2026-9, fixed in 9"] and answer.answered == {"keras", "rich"}
