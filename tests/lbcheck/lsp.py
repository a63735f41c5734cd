#!/usr/bin/env python3
"""The language server and the graphs of lbcheck."""
import json
import os
import subprocess
import sys
import tempfile

sys.path.insert(0, __file__.rsplit("/", 1)[0])
from lbcheck import LBCHECK, expect, finish, run  # noqa: E402

TEXT = """defaults
    mode http
    timeout connect 5s
    timeout client 30s
    timeout server 30s
frontend web
    description x
    bind :8080 name "h\u00e9\U0001f600" bogus
    acl is_api path_beg /api
    use_backend shopp if is_api
    default_backend shop
backend shop
    balence roundrobin
    server s1 10.0.0.1:8000 check
"""
URI = "file:///etc/haproxy/haproxy.cfg"


class Server:
    def __init__(self):
        self.p = subprocess.Popen([LBCHECK, "lsp", "--stdio"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.id = 0

    def send(self, message):
        body = json.dumps(dict(message, jsonrpc="2.0")).encode()
        self.raw(b"Content-Length: %d\r\n\r\n" % len(body) + body)

    def raw(self, data):
        self.p.stdin.write(data)
        self.p.stdin.flush()

    def read(self):
        length = 0
        while True:
            line = self.p.stdout.readline().strip()
            if not line:
                return json.loads(self.p.stdout.read(length)) if length else None
            length = int(line.split(b":")[1])

    def ask(self, method, **params):
        self.id += 1
        self.send({"id": self.id, "method": method, "params": params})
        answer = self.read()
        expect(answer["id"] == self.id, f"{method}: the answer to something else")
        return answer.get("result")

    def at(self, method, line, character, **more):
        return self.ask("textDocument/" + method, textDocument={"uri": URI}, position={"line": line, "character": character}, **more)

    def open(self, text, method="didOpen"):
        if method == "didOpen":
            self.send({"method": "textDocument/didOpen", "params": {"textDocument": {"uri": URI, "text": text, "languageId": "haproxy", "version": 1}}})
        else:
            self.send({"method": "textDocument/didChange", "params": {"textDocument": {"uri": URI, "version": 2}, "contentChanges": [{"text": text}]}})
        return self.read()["params"]


def labels(items):
    return {i["label"] for i in items}


def test_server():
    s = Server()
    caps = s.ask("initialize", capabilities={})["capabilities"]
    expect(caps["textDocumentSync"] == 1 and caps["hoverProvider"] and caps["definitionProvider"], "capabilities")
    s.send({"method": "initialized", "params": {}})
    found = {d["code"]: d for d in s.open(TEXT)["diagnostics"]}
    expect(set(found) >= {"LBE0118", "LBE0211", "LBE0114"}, f"diagnostics: {list(found)}")
    expect(found["LBE0118"]["range"] == {"start": {"line": 12, "character": 4}, "end": {"line": 12, "character": 11}}, "a range")
    expect(found["LBE0114"]["range"]["start"] == {"line": 7, "character": 27}, f"UTF-16 columns: {found['LBE0114']['range']}")
    expect(found["LBE0118"]["severity"] == 1 and found["LBE0211"]["relatedInformation"], "severity and other places")
    expect("30s" in s.at("hover", 3, 6)["contents"]["value"] and "how long a client" in s.at("hover", 3, 6)["contents"]["value"], "hover: a line")
    expect("compared with `-m beg`" in s.at("hover", 8, 18)["contents"]["value"], "hover: a word")
    expect(s.at("hover", 99, 0) is None, "hover: nowhere")
    expect(s.at("definition", 9, 27)[0]["range"]["start"]["line"] == 8, "definition of an ACL")
    expect(s.at("definition", 10, 22)[0]["range"]["start"]["line"] == 11, "definition of a backend")
    expect(s.at("definition", 2, 6) == [], "no definition")
    expect({"client", "server", "connect"} & labels(s.at("completion", 3, 12)) == {"client", "server", "connect"}, "completion: timeout, in defaults")
    inside = labels(s.at("completion", 12, 4))
    expect("balance" in inside and "bind" not in inside and "frontend" in inside, "completion: by section")
    expect(labels(s.at("completion", 10, 20)) == {"shop"}, "completion: backends")
    expect("is_api" in labels(s.at("completion", 9, 28)), "completion: ACLs")
    expect({"weight", "backup"} <= labels(s.at("completion", 13, 28)), "completion: words of a server")
    actions = s.ask("textDocument/codeAction", textDocument={"uri": URI}, context={"diagnostics": []},
                    range={"start": {"line": 12, "character": 0}, "end": {"line": 12, "character": 0}})
    edit = actions[0]["edit"]["changes"][URI][0]
    expect(edit["newText"] == "balance" and edit["range"]["start"]["character"] == 4 and actions[0]["isPreferred"], "a quick fix")
    expect(s.at("formatting", 0, 0)[0]["newText"].replace("\n\n", "\n") == TEXT, "formatting sets sections apart")
    expect(s.open("global\n  maxconn 10\n", "didChange")["diagnostics"][0]["severity"] > 1, "a new text")
    expect(s.at("formatting", 0, 0)[0]["newText"] == "global\n    maxconn 10\n", "formatting")
    s.open("global\n    maxconn 10\n", "didChange")
    expect(s.at("formatting", 0, 0) == [], "formatting of a tidy text")
    expect(len(s.open('frontend f\n\thttp-request fo\\xff\n', "didChange")["diagnostics"]) >= 1, "bytes that are no UTF-8")
    s.send({"id": 99, "method": "textDocument/nonsense", "params": {"textDocument": {"uri": URI}}})
    expect(s.read()["error"]["code"] == -32601, "an unknown method")
    s.raw(b"Content-Length: 3\r\n\r\n{{{")
    expect(s.read()["error"]["code"] == -32700, "no JSON")
    for strange in ({"method": 3}, [], {"id": 1, "method": "textDocument/hover"}, {"method": "textDocument/didOpen", "params": []},
                    {"method": "textDocument/didChange", "params": {"contentChanges": [3]}}):
        body = json.dumps(strange).encode()
        s.raw(b"Content-Length: %d\r\n\r\n" % len(body) + body)
    expect(s.read()["result"] is None, "a request without a document")
    s.send({"method": "textDocument/didClose", "params": {"textDocument": {"uri": URI}}})
    expect(s.read()["params"]["diagnostics"] == [], "closing")
    s.ask("shutdown")
    s.send({"method": "exit"})
    expect(s.p.wait(10) == 0, "exit after shutdown")
    s = Server()
    s.p.stdin.close()
    expect(s.p.wait(10) == 1, "the editor is gone")


GRAPH = """frontend web
    bind :80
    acl is_api path_beg /api
    use_backend api if is_api { src 10.0.0.0/8 }
    default_backend shop
frontend two
    bind :81
    use_backend %[req.hdr(host),lower] if TRUE
backend api
    server a1 192.0.2.1:80
backend shop
    server s1 192.0.2.2:80
backend alone
    server x 192.0.2.3:80
"""


def test_graph():
    p = run("graph", "--offline", "x.cfg", x=GRAPH)
    for part in ('label="frontend web"', 'label="if is_api { src 10.0.0.0/8 }"', 'label="otherwise"', 'label="%[req.hdr(host),lower]",shape=diamond',
                 'label="a1"', 'label=":80",shape=cds'):
        expect(part in p.stdout, f"dot: {part}")
    expect("grey" not in p.stdout, "dot: a computed name may reach every backend")
    fixed = GRAPH.replace("    use_backend %[req.hdr(host),lower] if TRUE\n", "")
    p = run("graph", "--offline", "x.cfg", x=fixed)
    expect([line for line in p.stdout.splitlines() if "grey" in line and "backend alone" in line], "dot: what no rule reaches")
    expect(p.stdout.count("grey") == 2, "dot: what rules reach")
    m = run("graph", "--mermaid", "--offline", "x.cfg", x=GRAPH).stdout
    expect(m.startswith("flowchart LR\n") and '-->|"if is_api #123; src 10.0.0.0/8 #125;"|' in m, "mermaid")
    dot = "/usr/bin/dot"
    if os.path.exists(dot):
        with tempfile.TemporaryFile() as f:
            expect(subprocess.run([dot, "-Tplain"], input=p.stdout.encode(), stdout=f).returncode == 0, "dot reads it")


for test in (test_server, test_graph):
    test()
finish()
