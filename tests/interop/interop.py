#!/usr/bin/env python3
"""lbd among programs that others wrote: clients over TLS and HTTP/2 (curl, openssl, nghttp, h2load, python, node, Chromium),
and servers behind it (nginx, nghttpd, HAProxy).

usage: interop.py LBD [NAME...]      with names: only those tests
Prints TAP. Everything stays on 127.0.0.1 and in a temporary folder; listening sockets are opened here and handed on where
that is possible, so that ports cannot be taken by somebody else. A program that is missing fails its test (tools/deps test).
"""
import os
import shutil
import socket
import ssl
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "..", "browser"), os.path.join(HERE, "..")]
from ports import free_port, listening  # noqa: E402
from tap import Tap  # noqa: E402
from waiting import wait, wait_for_file  # noqa: E402

PATIENCE = 60  # seconds that anything may take on a busy machine
LARGE = 3 << 20
CONFIG = """
global
    nbthread 2
    stats socket {dir}/cli level admin
    ca-base {dir}
    crt-base {dir}
    ssl-default-bind-options ssl-min-ver TLSv1.0
    ssl-default-bind-ciphers ALL:@SECLEVEL=0
defaults
    mode http
    timeout client 60s
    timeout server 60s
    timeout connect 10s
frontend any
    bind fd@{fd_any} ssl crt srv.pem alpn h2,http/1.1
    bind fd@{fd_clients} ssl crt srv.pem ca-file ca.pem verify required
    http-request wait-for-body time 30s if METH_POST
    http-request return status 200 content-type "text/html" file {dir}/page.html if {{ path /page }}
    http-request return status 200 content-type "application/json" lf-string '"%[req.ver] %[ssl_fc_protocol]"' if {{ path /data.json }}
    http-request return status 200 content-type text/plain lf-string "%[req.ver] %[ssl_fc_protocol] resumed=%[ssl_fc_is_resumed] alpn=%[ssl_fc_alpn] sni=%[ssl_fc_sni] client=%[ssl_c_s_dn(CN)] body=%[req.body_size]" if {{ path /own }}
    use_backend %[path,field(2,/)]
frontend clear
    bind fd@{fd_clear} proto h2
    use_backend %[path,field(2,/)]
backend nginx
    server s 127.0.0.1:{nginx} ssl verify required ca-file ca.pem sni str(localhost) alpn http/1.1
backend nginx-h2
    server s 127.0.0.1:{nginx} ssl verify required ca-file ca.pem sni str(localhost) alpn h2,http/1.1
backend nghttpd
    http-request set-path /%[path,field(3,/)]
    server s 127.0.0.1:{nghttpd} ssl verify required ca-file ca.pem sni str(localhost) alpn h2
backend haproxy
    server s unix@{dir}/haproxy.sock ssl verify required ca-file ca.pem verifyhost localhost crt client.pem send-proxy-v2-ssl-cn
backend haproxy-h2
    server s unix@{dir}/haproxy-h2.sock ssl verify none alpn h2
"""
NGINX = """
daemon off; master_process off; worker_processes 1; pid {dir}/nginx.pid; error_log {dir}/nginx.err;
events {{ worker_connections 256; }}
http {{
    access_log off; root {dir}/www; client_max_body_size 20m;
    client_body_temp_path {dir}/b; proxy_temp_path {dir}/p; fastcgi_temp_path {dir}/f; uwsgi_temp_path {dir}/u; scgi_temp_path {dir}/s;
    server {{
        listen 127.0.0.1:{nginx} ssl http2;
        ssl_certificate {dir}/srv.pem; ssl_certificate_key {dir}/srv.pem;
        location ~ ^/nginx(-h2)?/(.*)$ {{ alias {dir}/www/$2; add_header x-protocol $server_protocol; add_header x-reused $ssl_session_reused; }}
    }}
}}
"""
HAPROXY = """
defaults
    mode http
    timeout client 60s
frontend one
    bind unix@{dir}/haproxy.sock accept-proxy ssl crt {dir}/srv.pem ca-file {dir}/ca.pem verify required
    http-request return status 200 hdr x-seen "%[ssl_c_s_dn(CN)] %[req.ver]" content-type text/plain string haproxy
frontend two
    bind unix@{dir}/haproxy-h2.sock ssl crt {dir}/srv.pem alpn h2
    http-request return status 200 hdr x-seen "%[req.ver] %[ssl_fc_alpn]" content-type text/plain string haproxy
"""
TAP = Tap("interop")


def run(*command, stdin=b"", env=None):
    """What a program prints, on both channels."""
    try:
        done = subprocess.run(command, input=stdin, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=PATIENCE, env=env)
        return done.stdout.decode(errors="replace")
    except (OSError, subprocess.TimeoutExpired) as e:
        return "%s: %s" % (command[0], e)


class World:
    def __init__(self, program):
        self.dir = tempfile.mkdtemp(prefix="interop-")
        subprocess.run([os.path.join(HERE, "..", "vtc", "tls_certs"), self.dir], check=True)
        os.mkdir(self.dir + "/www")
        self.ocsp()
        with open(self.dir + "/www/small", "w") as f:
            f.write("small file\n")
        with open(self.dir + "/www/large", "wb") as f:
            f.write(os.urandom(1 << 16) * (LARGE >> 16))
        with open(self.dir + "/page.html", "w") as f:
            f.write("<!doctype html><title>wait</title><script>fetch('/data.json').then(r=>r.json()).then(t=>"
                    "document.title=t+' '+performance.getEntriesByType('resource')[0].nextHopProtocol)</script>")
        self.any, self.clients, self.clear = listening(), listening(), listening()
        self.address = "127.0.0.1:%d" % self.any.getsockname()[1]
        self.url = "https://" + self.address
        self.words = dict(dir=self.dir, nginx=free_port(), nghttpd=free_port(), fd_any=self.any.fileno(),
                          fd_clients=self.clients.fileno(), fd_clear=self.clear.fileno())
        self.processes = []
        self.origins()
        self.write("lbd.cfg", CONFIG)
        self.lbd = self.start(program, "-db", "-f", self.dir + "/lbd.cfg", pass_fds=(self.any.fileno(), self.clients.fileno(), self.clear.fileno()))
        self.await_lbd()

    def ocsp(self):
        """The authority says that the server's certificate is good."""
        with open(self.dir + "/index.txt", "a") as f:
            f.write("V\t%s\t\t03E9\tunknown\t/O=Server/CN=localhost\n" % time.strftime("%y%m%d%H%M%SZ", time.gmtime(time.time() + 864000)))
        shutil.copy(self.dir + "/ca.pem", self.dir + "/srv.pem.issuer")
        run("openssl", "ocsp", "-index", self.dir + "/index.txt", "-CA", self.dir + "/ca.pem", "-rsigner", self.dir + "/ca.pem",
            "-rkey", self.dir + "/ca.key", "-issuer", self.dir + "/ca.pem", "-cert", self.dir + "/srv.crt", "-ndays", "2",
            "-respout", self.dir + "/srv.pem.ocsp")

    def write(self, name, text):
        with open(os.path.join(self.dir, name), "w") as f:
            f.write(text.format(**self.words))

    def start(self, *command, pass_fds=()):
        if not shutil.which(command[0]):
            return None
        with open(self.dir + "/" + os.path.basename(command[0]) + ".log", "w") as log:
            p = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, pass_fds=pass_fds)
        self.processes.append(p)
        return p

    def origins(self):
        self.write("nginx.conf", NGINX)
        self.write("haproxy.cfg", HAPROXY)
        self.start("nginx", "-c", self.dir + "/nginx.conf", "-p", self.dir, "-e", self.dir + "/nginx.err")
        self.start("nghttpd", "-a", "127.0.0.1", "-d", self.dir + "/www", str(self.words["nghttpd"]), self.dir + "/srv.pem", self.dir + "/srv.pem")
        self.start("haproxy", "-db", "-f", self.dir + "/haproxy.cfg")
        for there in (("127.0.0.1", self.words["nginx"]), ("127.0.0.1", self.words["nghttpd"]), self.dir + "/haproxy-h2.sock"):
            self.await_there(there)

    @staticmethod
    def await_there(address):
        family = socket.AF_UNIX if isinstance(address, str) else socket.AF_INET

        def listens():
            with socket.socket(family) as s:
                return s.connect_ex(address) == 0
        wait(listens, PATIENCE)

    def await_lbd(self):
        if not wait_for_file(self.dir + "/cli", self.lbd):
            with open(self.dir + "/lbd.log") as f:
                print(f.read())
            raise SystemExit("Bail out! lbd does not start")

    def close(self):
        for p in self.processes:
            p.terminate()
        for p in self.processes:
            try:
                p.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                p.kill()
                p.wait()
        shutil.rmtree(self.dir, ignore_errors=True)


# --- clients

def test_curl(w):
    trust = ("curl", "-sS", "--cacert", w.dir + "/ca.pem", "--resolve", "localhost:%s:127.0.0.1" % w.address.split(":")[1])
    base = "https://localhost:" + w.address.split(":")[1]
    for option, wanted in (("--http1.1", "1.1 TLSv1.3"), ("--http2", "2.0 TLSv1.3"), ("--tls-max=1.2", "2.0 TLSv1.2")):
        seen = run(*trust, *option.split("="), base + "/own")
        TAP.check("curl " + option, seen.startswith(wanted) and "sni=localhost" in seen, seen)
    seen = run(*trust, "--http2", "-o", w.dir + "/got", "-w", "%{http_version} %{size_download}", base + "/nginx/large")
    TAP.check("curl: a large body over HTTP/2", seen == "2 %d" % LARGE and same(w.dir + "/got", w.dir + "/www/large"), seen)
    seen = run(*trust, "--http2", "--data-binary", "@" + w.dir + "/page.html", base + "/own")
    TAP.check("curl: an upload over HTTP/2", "body=%d" % os.path.getsize(w.dir + "/page.html") in seen, seen)
    seen = run("curl", "-sS", "--http2-prior-knowledge", "http://127.0.0.1:%d/nginx/small" % w.clear.getsockname()[1])
    TAP.check("curl: HTTP/2 in clear text", seen == "small file\n", seen)


def same(a, b):
    with open(a, "rb") as x, open(b, "rb") as y:
        return x.read() == y.read()


GET = b"GET /own HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"


def s_client(address, *options):
    return run("openssl", "s_client", "-connect", address, "-ign_eof", *options, stdin=GET)


def test_openssl(w):
    for version, name in (("-tls1", "TLSv1"), ("-tls1_1", "TLSv1.1"), ("-tls1_2", "TLSv1.2"), ("-tls1_3", "TLSv1.3")):
        old = ("-cipher", "ALL:@SECLEVEL=0") if version != "-tls1_3" else ()
        session = w.dir + "/session" + version
        seen = s_client(w.address, version, *old, "-sess_out", session)
        TAP.check("openssl s_client " + version, "1.1 %s resumed=0" % name in seen, seen)
        seen = s_client(w.address, version, *old, "-sess_in", session)
        TAP.check("openssl s_client %s: the session is resumed" % version, "1.1 %s resumed=1" % name in seen, seen)
    seen = s_client(w.address, "-tls1_2", "-no_ticket", "-sess_out", w.dir + "/id")
    seen = s_client(w.address, "-tls1_2", "-no_ticket", "-sess_in", w.dir + "/id")
    TAP.check("openssl s_client: resumed without tickets", "TLSv1.2 resumed=1" in seen, seen)
    seen = s_client(w.address, "-CAfile", w.dir + "/ca.pem", "-verify_return_error", "-verify_hostname", "localhost", "-alpn", "http/1.1")
    TAP.check("openssl s_client: the chain is good", "Verify return code: 0 (ok)" in seen and "alpn=http/1.1" in seen, seen)


def test_client_certificates(w):
    address = "127.0.0.1:%d" % w.clients.getsockname()[1]
    seen = s_client(address, "-cert", w.dir + "/client.pem", "-key", w.dir + "/client.pem")
    TAP.check("openssl s_client: a client with a certificate", "client=Someone" in seen, seen)
    seen = s_client(address)
    TAP.check("openssl s_client: one without is refused", "HTTP/1.1" not in seen and "alert" in seen, seen)
    seen = run("curl", "-sSk", "--cert", w.dir + "/client.pem", "https://%s/own" % address)
    TAP.check("curl: a client with a certificate", "client=Someone" in seen, seen)


def test_ocsp(w):
    seen = s_client(w.address, "-status", "-servername", "localhost", "-CAfile", w.dir + "/ca.pem")
    TAP.check("openssl s_client: an OCSP response is stapled", "OCSP Response Status: successful" in seen and "Cert Status: good" in seen, seen)


def test_nghttp(w):
    seen = run("nghttp", "-y", w.url + "/nginx-h2/small")
    TAP.check("nghttp", "small file" in seen, seen)
    seen = run("nghttp", "-y", "-v", "-n", "-m", "20", "-w", "12", "-W", "14", w.url + "/nginx/large")
    TAP.check("nghttp: twenty large bodies through small windows", seen.count(":status: 200") == 20 and "GOAWAY" in seen, seen)


def test_h2load(w):
    for path in "/own", "/nginx-h2/small", "/nghttpd/small", "/haproxy-h2/x":
        seen = run("h2load", "-n", "400", "-c", "4", "-m", "10", w.url + path)
        TAP.check("h2load " + path, "400 succeeded, 0 failed" in seen and "status codes: 400 2xx" in seen, seen)


def test_python(w):
    context = ssl.create_default_context(cafile=w.dir + "/ca.pem")
    with socket.create_connection(tuple(w.any.getsockname()), PATIENCE) as raw:
        with context.wrap_socket(raw, server_hostname="localhost") as s:
            s.sendall(GET)
            seen = b"".join(iter(lambda: s.recv(65536), b"")).decode()
    TAP.check("python", "sni=localhost" in seen and "1.1 TLSv1.3" in seen, seen)


NODE = """
const http2 = require('http2'), https = require('https'), fs = require('fs');
const ca = fs.readFileSync(process.argv[2] + '/ca.pem'), url = 'https://localhost:' + process.argv[1].split(':')[1];
https.get(url + '/own', {ca, family: 4}, r => { r.setEncoding('utf8'); r.on('data', d => console.log('h1', d)); });
const c = http2.connect(url, {ca, family: 4});
c.on('error', e => console.log(e));
let left = 3;
for (const path of ['/own', '/nginx-h2/small', '/nginx/large']) {
	const r = c.request({':path': path, ':method': path == '/own' ? 'POST' : 'GET'});
	let n = 0, status, text = '';
	r.on('response', h => status = h[':status']);
	r.on('data', d => { n += d.length; if (n < 1000) text += d; });
	r.on('end', () => { console.log(path, status, n, text); if (!--left) c.close(); });
	r.end(path == '/own' ? 'x'.repeat(100000) : undefined);
}
"""


def test_node(w):
    seen = run("node", "-e", NODE, w.address, w.dir)
    TAP.check("node over HTTP/1", "h1 1.1 TLSv1.3" in seen, seen)
    TAP.check("node over HTTP/2", "/nginx-h2/small 200 11" in seen and "/nginx/large 200 %d" % LARGE in seen and "/own 200" in seen, seen)


def test_chromium(w):
    import devtools
    if not devtools.program():
        TAP.check("Chromium over HTTP/2", False, "there is no Chromium")
        return
    devtools.OPTIONS += ("--ignore-certificate-errors",)
    browser = devtools.Browser()
    try:
        page = browser.page()
        page.call("Page.navigate", url=w.url + "/page")
        seen = page.until("document.title!='wait'&&document.title")
        TAP.check("Chromium: a page and what it fetches over HTTP/2", seen == "2.0 TLSv1.3 h2", seen)
    finally:
        browser.close()


# --- servers

def test_servers(w):
    def get(path, *options):
        return run("curl", "-sSki", *options, w.url + path)

    seen = get("/nginx/small")
    TAP.check("nginx as a server over TLS", "x-protocol: HTTP/1.1" in seen and "small file" in seen, seen)
    seen = get("/nginx-h2/small")
    TAP.check("nginx as a server over HTTP/2", "x-protocol: HTTP/2.0" in seen and "small file" in seen, seen)
    seen = get("/nghttpd/large", "-o", w.dir + "/got2", "-w", "%{http_code}")
    TAP.check("nghttpd as a server", "200" in seen and b"nghttpd" in open(w.dir + "/got2", "rb").read(2000), seen)
    seen = get("/haproxy/x")
    TAP.check("HAProxy as a server, with our certificate and a PROXY header", "x-seen: Someone 1.1" in seen, seen)
    seen = get("/haproxy-h2/x")
    TAP.check("HAProxy as a server over HTTP/2", "x-seen: 2.0 h2" in seen, seen)


def main():
    names = sys.argv[2:]
    w = World(os.path.abspath(sys.argv[1]))
    try:
        for name, test in list(globals().items()):
            if name.startswith("test_") and (not names or name[5:] in names):
                test(w)
        TAP.check("lbd is still there", w.lbd.poll() is None)
    finally:
        w.close()
    sys.exit(TAP.plan())


main()
