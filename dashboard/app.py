"""The dashboard's server. Start it with ``streamlit run dashboard/app.py [-- --workspace PATH]``."""

import threading
import webbrowser
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import streamlit as st
from starlette.datastructures import MutableHeaders
from starlette.middleware import Middleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

HEADERS = {
    # No page of another address may show this one in a frame and let people click in it unawares.
    "X-Frame-Options": "SAMEORIGIN",
    "Content-Security-Policy": "frame-ancestors 'self'",
    # A file from the workspace is what its type says, whatever its content looks like.
    "X-Content-Type-Options": "nosniff",
    # An address holds names of samples and models: no other site receives it.
    "Referrer-Policy": "same-origin",
}


class Headers:
    """Add ``HEADERS`` to every HTTP response that does not set them itself.

    Args:
        app: The ASGI app that answers.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request, with the security headers added to its response."""

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        await self.app(scope, receive, send_with_headers if scope["type"] == "http" else send)


@asynccontextmanager
async def browser_opened(_app: st.App) -> AsyncIterator[None]:
    """Open the dashboard in the person's browser, as Streamlit does for a script but not for an app."""
    if not st.get_option("server.headless"):
        threading.Thread(target=webbrowser.open, args=(address(),), daemon=True).start()
    yield


def address() -> str:
    """Return the address at which this computer reaches the dashboard."""
    secure = "s" if st.get_option("server.sslCertFile") else ""
    host = st.get_option("server.address")
    if host in (None, "", "0.0.0.0", "::"):
        host = "localhost"
    elif ":" in host:
        host = f"[{host}]"
    path = (st.get_option("server.baseUrlPath") or "").strip("/")
    return f"http{secure}://{host}:{st.get_option('server.port')}/{path}"


app = st.App("navigation.py", middleware=[Middleware(Headers)], lifespan=browser_opened)
