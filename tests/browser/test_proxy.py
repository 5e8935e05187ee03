"""The configurations in docs/proxy.md, word for word but for ports and certificates: a login, and all behind it."""

import contextlib
import http.server
import io
import re
import shutil
import socket
import subprocess
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from PIL import Image

ROOT = Path(__file__).resolve().parents[2]
NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
NAME = "carvis.example.org"
OPTIONS = ("--browser.serverAddress", NAME, "--server.allowedHosts", NAME)


def blocks(language: str) -> tuple[str, str]:
    """The two nginx configurations of the document."""
    text = (ROOT / "docs" / f"proxy{language}.md").read_text("utf-8")
    first, second = re.findall(r"```nginx\n(.*?)```", text, re.S)
    return first, second


def without_comments(text: str) -> list[str]:
    return [line for line in text.splitlines() if not line.strip().startswith("#")]


def test_both_languages_give_the_same_configurations_and_options():
    for english, japanese in zip(blocks(""), blocks(".ja"), strict=True):
        assert without_comments(english) == without_comments(japanese)
    for language in ("", ".ja"):
        text = (ROOT / "docs" / f"proxy{language}.md").read_text("utf-8")
        assert all(f"{option} {value}" in text for option, value in zip(OPTIONS[::2], OPTIONS[1::2], strict=True))
        assert f"proxy{language}.md" in (ROOT / "README.md").read_text("utf-8")


class Accounts(http.server.BaseHTTPRequestHandler):
    """What nginx sees of oauth2-proxy: who has its cookie is let in, its pages set it."""

    def do_GET(self):
        known = "_oauth2_proxy=yes" in self.headers.get("Cookie", "")
        asked = self.path == "/oauth2/auth"
        content = b"" if asked else b"Sign in"
        self.send_response((202 if known else 401) if asked else 200)
        self.send_header("Content-Length", str(len(content)))
        if not asked:
            self.send_header("Set-Cookie", "_oauth2_proxy=yes; Path=/")
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_):
        pass


@pytest.fixture(params=["passwords", "accounts"])
def proxy(request, dashboard_by_name, tmp_path):
    """The address of an nginx before the dashboard, and how one logs in."""
    if NGINX is None:
        pytest.skip("nginx is not installed (Debian: apt-get install nginx-light)")
    first, second = blocks("")
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    accounts = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Accounts)
    threading.Thread(target=accounts.serve_forever, daemon=True).start()
    text = first
    if request.param == "accounts":
        lines = re.search(r" *auth_basic .*?\n *auth_basic_user_file .*?\n", first)[0]
        text = first.replace(lines, second).replace("127.0.0.1:4180", f"127.0.0.1:{accounts.server_port}")
    text = re.sub(r" *ssl_certificate.*\n", "", text).replace("443 ssl", f"127.0.0.1:{port}")
    text = text.replace("/etc/nginx/carvis.htpasswd", str(tmp_path / "htpasswd"))
    text = text.replace("http://127.0.0.1:8501", dashboard_by_name)
    # The word "secret", as nginx takes it for trying things out.
    (tmp_path / "htpasswd").write_text("taro:{PLAIN}secret\n")
    places = "".join(
        f"{kind}_temp_path {tmp_path}/{kind};\n" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    head = f"pid {tmp_path}/pid;\nerror_log {tmp_path}/error.log;\ndaemon off;\nevents {{}}\n"
    # A worker with another user's rights could not read the test's folder.
    user = "user root;\n" if tmp_path.owner() == "root" else ""
    (tmp_path / "nginx.conf").write_text(f"{user}{head}http {{\naccess_log off;\n{places}{text}\n}}\n")
    server = subprocess.Popen([NGINX, "-c", str(tmp_path / "nginx.conf"), "-e", str(tmp_path / "error.log")])
    for _ in range(100):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            break
        assert server.poll() is None, (tmp_path / "error.log").read_text()
        time.sleep(0.1)
    yield f"http://{NAME}:{port}", request.param
    server.terminate()
    server.wait(timeout=20)
    accounts.shutdown()


@pytest.fixture(scope="module")
def dashboard_by_name(serve, tmp_path_factory) -> str:
    from small_workspace import build

    return serve(build(tmp_path_factory.mktemp("workspace")), options=OPTIONS)


def test_nobody_comes_in_without_a_login_and_all_works_with_one(chromium, proxy, wait):
    url, kind = proxy
    local = url.replace(NAME, "127.0.0.1")
    for place in ("/", "/_stcore/stream", "/_stcore/health", "/media/none.png", "/heatmaps?data=colours"):
        request = urllib.request.Request(local + place, headers={"Host": NAME})
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(request, timeout=20)
        assert refused.value.code == {"passwords": 401, "accounts": 403}[kind]
    rule = f"--host-resolver-rules=MAP {NAME} 127.0.0.1"
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    browser = chromium.browser_type.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu", rule])
    login = {"http_credentials": {"username": "taro", "password": "secret"}} if kind == "passwords" else {}
    page = browser.new_context(viewport={"width": 1400, "height": 900}, **login).new_page()
    sockets = []
    page.on("websocket", lambda socket: sockets.append(socket.url))
    if kind == "accounts":
        assert page.goto(url).status == 403
    assert page.goto(f"{url}/heatmaps?data=colours&model=good").status == 200
    wait(page)
    assert sockets == [f"{url.replace('http', 'ws')}/_stcore/stream"]
    page.get_by_test_id("stMain").get_by_test_id("stPopover").locator("button").first.click()
    content = io.BytesIO()
    Image.new("RGB", (48, 48), (200, 20, 20)).save(content, "PNG")
    upload = {"name": "mine.png", "mimeType": "image/png", "buffer": content.getvalue()}
    page.get_by_test_id("stFileUploaderDropzoneInput").set_input_files(upload)
    page.get_by_test_id("stMain").get_by_alt_text("The image mine.png").wait_for(timeout=60_000)
    page.wait_for_function("[...document.images].every(image => image.complete && image.naturalWidth > 0)")
    browser.close()
