#!/usr/bin/env python3
"""The statistics page in a real browser: seen, scoped, live, a server drained and brought back by clicks, a phone, the dark.

usage: stats_page.py LBD [--screenshot FILE.png]       with the option: only takes the picture of the README
Prints TAP. Everything stays on 127.0.0.1 and in a temporary folder.
"""
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from control import ask  # noqa: E402
from ports import listening  # noqa: E402
from tap import Tap  # noqa: E402
from waiting import wait  # noqa: E402
import devtools  # noqa: E402

CONFIG = """
global
    stats socket {dir}/cli level admin
    nbthread 2
defaults
    mode http
    timeout client 10s
    timeout server 10s
    timeout connect 5s
frontend stats
    bind fd@{fd_stats}
    stats enable
    stats uri /stats
    stats refresh 1s
    stats admin if TRUE
    {modules}
frontend shop
    bind fd@{fd_shop}
    default_backend web
backend web
    balance roundrobin
    server web1 127.0.0.1:{origin} check inter 1s
    server web2 127.0.0.1:{origin} check inter 1s
    server web3 127.0.0.1:{origin} check inter 1s backup
backend api
    server api1 127.0.0.1:{origin} check inter 1s
    server api2 127.0.0.1:1 check inter 1s fall 1
"""
TAP = Tap("browser")


def check(what, got, wanted=True):
    TAP.check(what, got == wanted, "got %r, wanted %r" % (got, wanted))


def origin_run(s):
    while True:
        conn, _ = s.accept()
        with conn:
            try:
                conn.settimeout(5)
                if conn.recv(4096):
                    conn.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")
            except OSError:
                pass


class Lbd:
    def __init__(self, program):
        self.folder = tempfile.TemporaryDirectory(prefix="page-")
        self.dir = self.folder.name
        origin, stats, shop = listening(), listening(), listening()
        threading.Thread(target=origin_run, args=(origin,), daemon=True).start()
        path = os.path.join(self.dir, "cfg")
        with open(path, "w") as f:
            f.write(CONFIG.format(dir=self.dir, fd_stats=stats.fileno(), fd_shop=shop.fileno(), origin=origin.getsockname()[1],
                                  modules="" if "--screenshot" in sys.argv else "stats show-modules"))
        self.url = "http://127.0.0.1:%d/stats" % stats.getsockname()[1]
        self.shop = shop.getsockname()
        self.process = subprocess.Popen([program, "-db", "-f", path], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL, pass_fds=(stats.fileno(), shop.fileno()))

    def ask(self, command):
        return ask(os.path.join(self.dir, "cli"), command, 30)

    def wait_ready(self):
        if not wait(lambda: self.ask("show stat -1 4 -1").count("L4OK") == 4):
            raise SystemExit("Bail out! lbd does not come up")

    def status(self, backend, server):
        for line in self.ask("show stat").splitlines():
            cells = line.split(",")
            if cells[:2] == [backend, server]:
                return cells[17]

    def status_becomes(self, backend, server, wanted):
        wait(lambda: self.status(backend, server) == wanted, 30)
        return self.status(backend, server)

    def request(self):
        with socket.create_connection(self.shop, 10) as s:
            s.sendall(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            return b"".join(iter(lambda: s.recv(4096), b""))

    def close(self):
        self.process.terminate()
        self.process.wait()
        self.folder.cleanup()


ROW = "[...document.querySelectorAll('tr')].find(r=>r.querySelector('th[scope=row]')?.textContent=='%s')"


def apply(page, server, action, accept):
    """Ticks the server, chooses the action and presses the button."""
    page.answer = accept
    page.dialogs.clear()
    page.click("input[value=%s]" % server)
    page.js("document.querySelector('input[value=%s]').form.querySelector('select').value='%s'" % (server, action))
    page.js("document.querySelector('input[value=%s]').form.querySelector('button').id='press'" % server)
    page.click("#press")


def navigations(page):
    return sum(e["method"] == "Page.frameNavigated" for e in page.events)


def test_seen(page, lbd):
    check("the page opens", bool(page.go(lbd.url)))
    check("it has a title", page.js("document.title").startswith("Statistics Report for HAProxy"))
    check("every proxy has a table", page.js("[...document.querySelectorAll('h2')].map(h=>h.textContent).join()"), "stats,shop,web,api")
    check("a server that is down has its colour", page.js(ROW % "api2" + ".querySelector('td.s').className"), "s down")
    check("nothing is loaded from elsewhere", page.js("performance.getEntriesByType('resource').filter(e=>!e.name.startsWith(location.origin)).length"), 0)
    check("no script has failed", [e for e in page.events if e["method"] == "Runtime.exceptionThrown"], [])


def test_live(page, lbd):
    page.js("document.body.dataset.mark='kept'")
    before = navigations(page)
    page.js(ROW % "web1" + ".querySelector('details').open=true")
    for _ in range(20):
        lbd.request()
    seen = page.until(ROW % "web1" + ".querySelectorAll('td')[13].textContent!='0'&&" + ROW % "web1" + ".querySelectorAll('td')[13].textContent")
    check("figures change by themselves", bool(seen))
    check("what was opened stays open", page.js(ROW % "web1" + ".querySelector('details').open"))
    check("a line is drawn of them", bool(page.until("document.querySelectorAll('svg.spark.r polyline').length>3&&"
                                                     "[...document.querySelectorAll('svg.spark.r polyline')].some(p=>p.getAttribute('points').includes(' '))")))
    check("the document is still the same: nothing flickers", (page.js("document.body.dataset.mark"), navigations(page) - before), ("kept", 0))
    check("lines tell what they show to those who cannot see", page.js("document.querySelector('svg.spark.r').getAttribute('aria-label').startsWith('rate ')"))
    page.click("#live")
    check("it can be held", page.js("document.querySelector('#live').getAttribute('aria-pressed')"), "false")


def test_admin(page, lbd):
    apply(page, "web1", "drain", accept=False)
    check("an action is asked about", page.dialogs, ['Apply "Set state to DRAIN" to web1?'])
    check("and not done when the answer is no", lbd.status("web", "web1"), "UP")
    page.click("input[value=web1]")
    apply(page, "web1", "drain", accept=True)
    check("a server is drained", lbd.status_becomes("web", "web1", "DRAIN"), "DRAIN")
    check("the page says that it was done", bool(page.until("document.querySelector('p.note')?.textContent.startsWith('Action processed')")))
    check("and shows it", page.js(ROW % "web1" + ".querySelector('td.s').className"), "s drain")
    apply(page, "web1", "ready", accept=True)
    check("and brought back", lbd.status_becomes("web", "web1", "UP"), "UP")


def test_scope(page, lbd):
    page.go(lbd.url + ";norefresh")
    page.js("document.querySelector('input[name=scope]').value='ap'")
    page.click("form.scope button")
    check("the scope leaves only some", page.until("location.search=='?scope=ap'&&[...document.querySelectorAll('h2')].map(h=>h.textContent).join()"), "api")
    check("links keep it", page.js("document.querySelector('nav a').search"), "?scope=ap")


def test_forms(page, lbd):
    page.screen(390, 800, phone=True)
    page.go(lbd.url + ";norefresh")
    check("on a phone nothing but tables is wider than the screen", page.js("document.documentElement.scrollWidth<=innerWidth"))
    page.screen(1200, 800, dark=True)
    check("the dark is dark", page.js("getComputedStyle(document.body).backgroundColor"), "rgb(20, 23, 28)")
    check("whatever can be operated has a name", page.js(
        "[...document.querySelectorAll('input:not([type=hidden]),select,button,a')].filter(e=>!(e.getAttribute('aria-label')||e.textContent.trim()||e.labels?.length)).length"), 0)
    check("tables have headings for columns and rows", page.js("document.querySelectorAll('table:not(.det)').length==document.querySelectorAll('table:has(th[scope=col]):has(th[scope=row])').length"))


def screenshot(page, lbd, path):
    page.screen(1180, 340)
    page.go(lbd.url + "?scope=web")
    lbd.ask("set server web/web2 state drain")
    for n in range(12):
        for _ in range(3 + 5 * (n % 4)):
            lbd.request()
        time.sleep(1)
    with open(path, "wb") as f:
        f.write(page.picture())


def main():
    if not devtools.program():
        check("chromium is here (tools/deps test)", False)
        return TAP.plan()
    lbd, browser = Lbd(sys.argv[1]), None
    try:
        lbd.wait_ready()
        browser = devtools.Browser()
        page = browser.page()
        if "--screenshot" in sys.argv:
            screenshot(page, lbd, sys.argv[sys.argv.index("--screenshot") + 1])
            return 0
        page.screen(1400, 900)
        for test in test_seen, test_live, test_admin, test_scope, test_forms:
            test(page, lbd)
    finally:
        if browser:
            browser.close()
        lbd.close()
    return TAP.plan()


sys.exit(main())
