"""A headless Chromium, driven over its DevTools websocket: pages, scripts in them, dialogs, pictures.

Only what the tests of the statistics page need. The browser has a profile of its own in a temporary folder and
talks to nobody but the pages that it is sent to.
"""
import base64
import json
import os
import secrets
import shutil
import socket
import struct
import subprocess
import tempfile
import time

PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
OPTIONS = ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--disable-extensions",
           "--disable-background-networking", "--disable-component-update", "--disable-sync", "--metrics-recording-only",
           "--no-proxy-server", "--mute-audio", "--hide-scrollbars", "--remote-debugging-port=0", "--remote-allow-origins=*")
PATIENCE = 60  # seconds that anything may take on a busy machine


def program():
    return next((p for p in map(shutil.which, PROGRAMS) if p), None)


class Browser:
    def __init__(self):
        self.profile = tempfile.mkdtemp(prefix="browser-")
        env = dict(os.environ, HOME=self.profile)
        self.process = subprocess.Popen([program(), *OPTIONS, "--user-data-dir=" + self.profile, "about:blank"], env=env,
                                        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.port = self._port()

    def _port(self):
        path = os.path.join(self.profile, "DevToolsActivePort")
        end = time.time() + PATIENCE
        while time.time() < end and self.process.poll() is None:
            if os.path.exists(path) and os.path.getsize(path):
                with open(path) as f:
                    return int(f.readline())
            time.sleep(0.05)
        raise RuntimeError("the browser does not start")

    def page(self):
        return Page(self.port, self._get("/json/list"))

    def _get(self, path):
        with socket.create_connection(("127.0.0.1", self.port), PATIENCE) as s:
            s.sendall(b"GET %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nConnection: close\r\n\r\n" % (path.encode(), self.port))
            with s.makefile("rb") as f:  # the browser leaves the connection open
                size = 0
                while (line := f.readline().strip()):
                    if line.lower().startswith(b"content-length:"):
                        size = int(line.split(b":")[1])
                return json.loads(f.read(size))

    def close(self):
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self.profile, ignore_errors=True)


class Page:
    """One tab: calls of the protocol one after the other; what happens meanwhile is kept in `events`."""

    def __init__(self, port, targets):
        target = next(t for t in targets if t["type"] == "page")
        path = target["webSocketDebuggerUrl"].split("/", 3)[3]
        self.socket = socket.create_connection(("127.0.0.1", port), PATIENCE)
        key = base64.b64encode(secrets.token_bytes(16)).decode()
        self.socket.sendall(("GET /%s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                             "Sec-WebSocket-Key: %s\r\nSec-WebSocket-Version: 13\r\n\r\n" % (path, port, key)).encode())
        self.received = b""
        while b"\r\n\r\n" not in self.received:
            self._more()
        self.received = self.received.split(b"\r\n\r\n", 1)[1]
        self.events, self.last, self.dialogs, self.answer = [], 0, [], True
        for domain in "Page", "Runtime", "Network":
            self.call(domain + ".enable")

    def _more(self):
        part = self.socket.recv(1 << 20)
        if not part:
            raise RuntimeError("the browser is gone")
        self.received += part

    def _take(self, n):
        while len(self.received) < n:
            self._more()
        part, self.received = self.received[:n], self.received[n:]
        return part

    def _send(self, message):
        data, mask = json.dumps(message).encode(), secrets.token_bytes(4)
        size = struct.pack("!BB", 0x81, 0x80 | len(data)) if len(data) < 126 else (
            struct.pack("!BBH", 0x81, 0x80 | 126, len(data)) if len(data) < 65536 else struct.pack("!BBQ", 0x81, 0x80 | 127, len(data)))
        self.socket.sendall(size + mask + bytes(b ^ mask[i % 4] for i, b in enumerate(data)))

    def _receive(self):
        whole = b""
        while True:
            first, second = self._take(2)
            size = second & 127
            if size > 125:
                size = struct.unpack("!H" if size == 126 else "!Q", self._take(2 if size == 126 else 8))[0]
            data = self._take(size)
            if first & 15 in (0, 1, 2):
                whole += data
                if first & 0x80:
                    return json.loads(whole)

    def _event(self, event):
        self.events.append(event)
        if event["method"] == "Page.javascriptDialogOpening":
            self.dialogs.append(event["params"]["message"])
            self.last += 1  # its answer is nobody's
            self._send({"id": self.last, "method": "Page.handleJavaScriptDialog", "params": {"accept": self.answer}})

    def call(self, method, **params):
        self.last += 1
        wanted = self.last
        self._send({"id": wanted, "method": method, "params": params})
        while True:
            message = self._receive()
            if "method" in message:
                self._event(message)
            elif message["id"] == wanted:
                if "error" in message:
                    raise RuntimeError("%s: %s" % (method, message["error"]))
                return message["result"]

    def js(self, expression):
        result = self.call("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True, userGesture=True)
        if "exceptionDetails" in result:
            raise RuntimeError(json.dumps(result["exceptionDetails"])[:500])
        return result["result"].get("value")

    def until(self, expression):
        """Waits until the expression is true; its value, or what it was at the end of the patience."""
        end = time.time() + PATIENCE
        while True:
            try:
                value = self.js(expression)
            except RuntimeError:
                value = None  # between two documents
            if value or time.time() > end:
                return value
            time.sleep(0.05)

    def go(self, url):
        self.call("Page.navigate", url=url)
        return self.until("location.href==%s&&document.readyState=='complete'" % json.dumps(url))

    def click(self, selector):
        """A real click of the mouse in the middle of the element."""
        box = self.js("(()=>{const e=document.querySelector(%s);e.scrollIntoView({block:'center',inline:'center'});"
                      "const r=e.getBoundingClientRect();return [r.x+r.width/2,r.y+r.height/2]})()" % json.dumps(selector))
        for kind in "mousePressed", "mouseReleased":
            self.call("Input.dispatchMouseEvent", type=kind, x=box[0], y=box[1], button="left", clickCount=1)

    def screen(self, width, height, phone=False, dark=False):
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=phone)
        self.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}])

    def picture(self):
        return base64.b64decode(self.call("Page.captureScreenshot", format="png")["data"])
