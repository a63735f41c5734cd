#!/usr/bin/env python3
"""The families of mistakes that HAProxy accepts in silence: each variant gets its finding on its line, with a witness (a
second place, a note or a help), and the near miss beside it does not get it. A finding is named by its readable code."""
import json
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from lbcheck import expect, finish, run  # noqa: E402

HEAD = "defaults\n mode http\n timeout connect 5s\n timeout client 5s\n timeout server 5s\n"
BACK = "backend b\n server s 192.0.2.1:80\nbackend c\n server s 192.0.2.2:80\n"
TABLE = " stick-table type ip size 1k expire 1m store http_req_rate(10s)\n http-request track-sc0 src\n"


def indented(lines):
    """Lines that | separates."""
    return "".join(f" {line}\n" for line in lines.replace("||", "\0").split("|")).replace("\0", "||")


def front(lines, more=""):
    """A frontend with these lines, a default backend, and the backends b and c."""
    return HEAD + "frontend f\n bind :80\n default_backend b\n" + indented(lines) + more + BACK


def back(lines, more=""):
    """A backend with these lines, to which a frontend sends everything."""
    return HEAD + more + "frontend f\n bind :80\n default_backend x\nbackend x\n" + indented(lines)


def raw(lines):
    return HEAD + lines.replace("|", "\n") + "\n"


def tcp(lines):
    return raw("frontend f| mode tcp| bind :80| " + lines.replace("|", "| ") + "| default_backend b|backend b| mode tcp| server s 192.0.2.1:80|"
               "backend api| mode tcp| server s 192.0.2.2:80")


# (family, readable code, wrong, near miss): the manual's words for what is meant stand in `lbcheck explain CODE`.
CASES = [
    (1, "overlapping-bind", raw("frontend a| bind :8080| default_backend b|frontend c| bind :8080| default_backend b|backend b| server s 192.0.2.1:80"),
     raw("frontend a| bind :8080| default_backend b|frontend c| bind :8081| default_backend b|backend b| server s 192.0.2.1:80")),
    (1, "overlapping-bind", front("bind :80"), front("bind :81")),
    (1, "overlapping-bind", front("bind 127.0.0.1:1000-1010|bind 127.0.0.1:1010-1020"), front("bind 127.0.0.1:1000-1010|bind 127.0.0.1:1011-1020")),
    (1, "overlapping-bind", front("bind 192.0.2.1:81 interface eth0|bind 192.0.2.1:81 interface eth0"), front("bind 192.0.2.1:81 interface eth0|bind 192.0.2.1:81 interface eth1")),
    (1, "overlapping-bind", "global\n stats socket ipv4@127.0.0.1:81\n" + front("bind 127.0.0.1:81"), "global\n stats socket ipv4@127.0.0.1:82\n" + front("bind 127.0.0.1:81")),
    (1, "inner-bind", front("bind 127.0.0.1:80"), front("bind 127.0.0.1:81")),
    (1, "inner-bind", front("bind [::1]:81|bind :::81"), front("bind [::1]:81|bind :81")),
    (1, "inner-bind", front("bind :::80 v4v6"), front("bind :::80 v6only")),
    (2, "stale-acl", front("acl a path_beg /api|http-request set-path /v2%[path] if a|use_backend c if a"),
     front("acl a path_beg /api|http-request set-path /api/v2%[path] if a|use_backend c if a")),
    (3, "dead-rule", front("use_backend c|use_backend b if { path_beg /a }"), front("use_backend b if { path_beg /a }|use_backend c")),
    (3, "dead-rule", front("use_backend c if TRUE|use_backend b if { path_beg /a }"), front("use_backend b if { path_beg /a }|use_backend c if TRUE")),
    (3, "shadowed-rule", front("use_backend c if { path_beg / }|use_backend b if { path_beg /api }"), front("use_backend b if { path_beg /api }|use_backend c if { path_beg / }")),
    (4, "dead-rule", front("http-request deny if TRUE|http-request set-header a b"), front("http-request deny if FALSE|http-request set-header a b")),
    (4, "dead-rule", front("http-request deny if { always_true }|http-request set-header a b"), front("http-request deny if { always_false }|http-request set-header a b")),
    (4, "dead-rule", front("http-request deny if { src 0.0.0.0/0 ::/0 }|http-request set-header a b"), front("http-request deny if { src 0.0.0.0/1 ::/0 }|http-request set-header a b")),
    (5, "contradiction", front("http-request deny if { path_beg /a } !{ path_beg /a }"), front("http-request deny if { path_beg /a } or !{ path_beg /a }")),
    (5, "contradiction", front("http-request deny if { path_beg /a } { path_beg /b }"), front("http-request deny if { path_beg /a } { path_beg /ab }")),
    (5, "contradiction", front("http-request deny if { path_beg /a } { path_beg /b }"), front("http-request deny if { path_beg /a } or { path_beg /b }")),
    (5, "contradiction", front("acl x path_beg /a /b|acl y path_beg /c|http-request deny if x y"), front("acl x path_beg /a /b|acl y path_beg /c /b|http-request deny if x y")),
    (5, "contradiction", front("http-request deny if { path_beg /a/b } !{ path_beg /a }"), front("http-request deny if { path_beg /a } !{ path_beg /a/b }")),
    (5, "contradiction", front("http-request deny if { path /a } { path_end .css }"), front("http-request deny if { path_beg /a } { path_end .css }")),
    (5, "contradiction", front("http-request deny if { method GET } { method POST }"), front("http-request deny if { method GET POST } { method POST }")),
    (5, "contradiction", front("http-request deny if { src 10.0.0.0/8 } { src 192.168.0.0/16 }"), front("http-request deny if { src 10.0.0.0/8 } { src 10.1.0.0/16 }")),
    (5, "contradiction", front("http-request deny if { src_port lt 1024 } { src_port gt 5000 }"), front("http-request deny if { src_port lt 1024 } { src_port gt 500 }")),
    (6, "shadowed-rule", front("http-request deny if { path_beg /admin }|use_backend c if { path_beg /admin }"), front("http-request deny if { path_beg /admin } !{ src 10.0.0.0/8 }|use_backend c if { path_beg /admin }")),
    (7, "http-in-tcp", tcp("use_backend api if { path_beg /api }"), tcp("tcp-request inspect-delay 5s|tcp-request content accept if HTTP|use_backend api if { path_beg /api }")),
    (8, "no-inspect-delay", tcp("use_backend api if { req.ssl_sni a.example }"),
     tcp("tcp-request inspect-delay 5s|tcp-request content accept if { req.ssl_hello_type 1 }|use_backend api if { req.ssl_sni a.example }")),
    (9, "empty-condition", front("http-request deny if"), front("http-request deny if TRUE")),
    (9, "empty-condition", front("use_backend c unless"), front("use_backend c unless TRUE")),
    (9, "dangling-operator", front("acl a path /a|use_backend c if a or"), front("acl a path /a|acl o path /o|use_backend c if a or o")),
    (9, "dangling-operator", front("acl a path /a|use_backend c if or a"), front("acl a path /a|use_backend c if a")),
    (9, "empty-condition", front("use_backend c if !"), front("use_backend c if !FALSE")),
    (9, "dangling-operator", front("acl a path /a|use_backend c if !!a"), front("acl a path /a|use_backend c if !a")),
    (10, "predefined-acl", front("acl TRUE path /never|http-request deny if TRUE"), front("acl TRUEX path /never|http-request deny if TRUEX")),
    (10, "predefined-acl", front("acl METH_GET method POST|http-request deny if METH_GET"), front("acl METH_GET method GET HEAD|http-request deny if METH_GET")),
    (11, "mixed-acl", front("acl internal src 10.0.0.0/8|acl internal path_beg /pub|http-request deny unless internal"),
     front("acl internal src 10.0.0.0/8|acl internal src 192.168.0.0/16|http-request deny unless internal")),
    (12, "precedence", front("http-request deny if { path_beg /a } || { path_beg /b } { method POST }"), front("http-request deny if { path_beg /a } || { path_beg /b }")),
    (13, "not-stored", front("stick-table type ip size 1k expire 1m store conn_cur|http-request track-sc0 src|http-request deny if { sc_http_req_rate(0) gt 10 }"),
     front("stick-table type ip size 1k expire 1m store http_req_rate(10s)|http-request track-sc0 src|http-request deny if { sc_http_req_rate(0) gt 10 }")),
    (14, "tracked-later", front("http-request deny if { sc_http_req_rate(0) gt 10 }", TABLE), front("tcp-request content accept", TABLE + " http-request deny if { sc_http_req_rate(0) gt 10 }\n")),
    (14, "never-tracked", front("tcp-request content accept", TABLE + " http-request deny if { sc_http_req_rate(1) gt 10 }\n"),
     front("tcp-request content accept", TABLE + " http-request deny if { sc_http_req_rate(0) gt 10 }\n")),
    (14, "no-expiry", front("stick-table type ip size 1k store http_req_rate(10s)|http-request track-sc0 src"), front("stick-table type ip size 1k expire 1m store http_req_rate(10s)|http-request track-sc0 src")),
    (15, "never-matches", front("http-request deny if { path_beg api }"), front("http-request deny if { path_beg /api }")),
    (15, "never-matches", front("http-request deny if { hdr(host) https://example.com }"), front("http-request deny if { hdr(host) example.com }")),
    (15, "never-matches", front("http-request deny if { path /foo?bar=1 }"), front("http-request deny if { pathq /foo?bar=1 }")),
    (15, "never-matches", front("http-request deny if { method get }"), front("http-request deny if { method -i get }")),
    (15, "never-matches", front("http-request deny if { dst_port 99999 }"), front("http-request deny if { dst_port 80 }")),
    (15, "never-matches", front("http-request deny if { dst_port 81 }"), front("bind :81|http-request deny if { dst_port 81 }")),
    (15, "host-case", front("http-request deny if { hdr(host) Example.COM }"), front("http-request deny if { hdr(host) -i Example.COM }")),
    (16, "flag-as-pattern", front("http-request deny if { hdr(host) foo.com -i }"), front("http-request deny if { hdr(host) -i foo.com }")),
    (17, "words-as-patterns", front("http-request deny if { req.hdr(user-agent) -m sub My Agent }"), front('http-request deny if { req.hdr(user-agent) -m sub "My Agent" }')),
    (18, "flag-as-pattern", front("acl a path_beg /a || path_beg /b|http-request deny if a"), front("acl a path_beg /a /b|http-request deny if a")),
    (19, "matching-method-replaced", front("acl a path_end -m str css|http-request deny if a"), front("acl a path -m str css|http-request deny if a")),
    (20, "map-flag", front("acl a path_beg -M beg /x|http-request deny if a"), front("acl a path -m beg /x|http-request deny if a")),
    (21, "plain-path", front("http-request deny if { path_beg /admin }"), front("http-request deny unless { path_beg /public }")),
    (22, "split-header", front("http-request set-header a %[req.hdr(user-agent)]"), front("http-request set-header a %[req.fhdr(user-agent)]")),
    (23, "unused-acl", front("acl a path /a"), front("acl a path /a|http-request deny if a")),
    (23, "unused-backend", front("http-request deny if { path /a }"), front("use_backend c if { path /a }")),
    (23, "misspelt-variable", front("http-request set-var(txn.hostt) hdr(host)|http-request deny if { var(txn.host) -m str a }"),
     front("http-request set-var(txn.host) hdr(host)|http-request deny if { var(txn.host) -m str a }")),
    (23, "unset-variable-test", front("http-request set-var(txn.name) hdr(host)|http-request deny if { var(txn.host) -m str a }"),
     front("http-request set-var(txn.host) hdr(host)|http-request deny if { var(txn.host) -m str a }")),
    (23, "undeclared-capture", front("capture request header a len 9|http-request deny if { capture.req.hdr(7) a }"), front("capture request header a len 9|http-request deny if { capture.req.hdr(0) a }")),
    (24, "no-backend", raw("frontend f| bind :80"), raw("frontend f| bind :80| http-request return status 200")),
    (24, "no-server", back("balance roundrobin"), back("balance roundrobin|http-request return status 200")),
    (24, "no-usable-server", back("server s 192.0.2.1:80 disabled|server t 192.0.2.2:80 weight 0"), back("server s 192.0.2.1:80 disabled|server t 192.0.2.2:80 backup")),
    (25, "unset-variable", front('bind "${NOTSET}":8080'), front('bind "${NOTSET-192.0.2.1}":8080')),
    (26, "empty-argument", back('server s 192.0.2.1:80 "${NOTSET}" weight 123 check'), back('server s 192.0.2.1:80 "${NOTSET-backup}" weight 123 check')),
    (27, "inert-check", back("option httpchk|server s 192.0.2.1:80"), back("option httpchk|server s 192.0.2.1:80 check")),
    (27, "inert-check-word", back("server s 192.0.2.1:80 inter 1s"), back("server s 192.0.2.1:80 inter 1s check")),
    (27, "inert-check-word", back("server s 192.0.2.1:80 slowstart 1s"), back("server s 192.0.2.1:80 slowstart 1s check")),
    (27, "inert-check-word", back("server s 192.0.2.1:80 observe layer4"), back("server s 192.0.2.1:80 observe layer4 check")),
    (27, "check-host", back("option httpchk GET / HTTP/1.1|server s 192.0.2.1:80 check"), back("option httpchk GET / HTTP/1.0|server s 192.0.2.1:80 check")),
    (27, "rival-option", back("option httpchk|option tcp-check|server s 192.0.2.1:80 check"), back("option tcp-check|server s 192.0.2.1:80 check")),
    (28, "inert-cookie", back("cookie SRV insert|server s 192.0.2.1:80"), back("cookie SRV insert|server s 192.0.2.1:80 cookie a")),
    (28, "inert-cookie", back("server s 192.0.2.1:80 cookie a"), back("cookie SRV insert|server s 192.0.2.1:80 cookie a")),
    (29, "plain-443", back("server s 192.0.2.1:443"), back("server s 192.0.2.1:443 ssl verify none")),
    (29, "inert-tls-word", back("server s 192.0.2.1:8443 verify none"), back("server s 192.0.2.1:8443 ssl verify none")),
    (29, "inert-tls-word", back("server s 192.0.2.1:8443 sni str(a)"), back("server s 192.0.2.1:8443 ssl verify none sni str(a)")),
    (29, "verify-any-name", back("server s 192.0.2.1:8443 ssl verify required ca-file a.pem"), back("server s 192.0.2.1:8443 ssl verify required ca-file a.pem verifyhost a")),
    (29, "unverified-server", back("server s 192.0.2.1:8443 ssl verify none"), back("server s 192.0.2.1:8443 ssl verify required ca-file a.pem verifyhost a")),
    (29, "unverified-server", "global\n ssl-server-verify none\n" + back("server s 192.0.2.1:8443 ssl"), "global\n ssl-server-verify none\n" + back("server s 192.0.2.1:8443 ssl verify required ca-file a.pem")),
    (29, "weak-tls", front("bind :443 ssl crt a.pem ciphers ECDHE-RSA-AES128-GCM-SHA256:RC4-SHA"), front("bind :443 ssl crt a.pem ciphers ECDHE-RSA-AES128-GCM-SHA256:!RC4")),
    (29, "weak-tls", "global\n tune.ssl.default-dh-param 1024\n" + front("bind :443 ssl crt a.pem"), "global\n tune.ssl.default-dh-param 2048\n" + front("bind :443 ssl crt a.pem")),
    (29, "old-tls", front("bind :443 ssl crt a.pem ssl-min-ver TLSv1.0"), front("bind :443 ssl crt a.pem ssl-min-ver TLSv1.2")),
    (29, "old-tls", front("bind :443 ssl crt a.pem force-tlsv11"), front("bind :443 ssl crt a.pem force-tlsv11 force-tlsv12")),
    (29, "old-tls", "global\n ssl-default-bind-options ssl-min-ver TLSv1.1\n" + front("bind :443 ssl crt a.pem"), "global\n ssl-default-bind-options no-tlsv11\n" + front("bind :443 ssl crt a.pem")),
    (30, "maxconn-above", "global\n maxconn 100\n" + front("maxconn 20000"), "global\n maxconn 30000\n" + front("maxconn 20000")),
    (30, "minconn-above", back("server s 192.0.2.1:80 maxconn 10000 minconn 20000"), back("server s 192.0.2.1:80 maxconn 10000 minconn 100")),
    (30, "number-tail", back("server s 192.0.2.1:80 maxconn abc"), back("server s 192.0.2.1:80 maxconn 10")),
    (31, "overwritten", front("timeout client 7s|timeout client 6s"), front("timeout client 6s")),
    (31, "set-twice", back("mode http|mode http|server s 192.0.2.1:80"), back("mode http|server s 192.0.2.1:80")),
    (31, "set-twice", back("balance roundrobin|balance leastconn|server s 192.0.2.1:80"), back("balance leastconn|server s 192.0.2.1:80")),
    (31, "set-twice", front("default_backend c"), front("http-request deny if FALSE")),
    (31, "rival-option", front("option httpclose|option http-server-close"), front("option http-server-close")),
    (32, "small-time", front("timeout client 50"), front("timeout client 50ms")),
    (32, "zero-timeout", back("timeout queue 0|server s 192.0.2.1:80 maxconn 9"), back("timeout queue 1s|server s 192.0.2.1:80 maxconn 9")),
    (32, "zero-timeout", front("timeout http-keep-alive 0"), front("timeout http-keep-alive 1")),
    (32, "odd-timeout", back("timeout tunnel 1s|server s 192.0.2.1:80"), back("timeout tunnel 1h|server s 192.0.2.1:80")),
    (32, "odd-timeout", front("timeout http-request 1h"), front("timeout http-request 10s")),
    (33, "host-bits", front("http-request deny if { src 10.1.2.3/8 }"), front("http-request deny if { src 10.0.0.0/8 }")),
    (33, "duplicate-pattern", front("http-request deny if { path /a /b /a }"), front("http-request deny if { path /a /b /c }")),
    (33, "covered-pattern", front("http-request deny if { src 10.0.0.0/8 192.0.2.1 10.1.0.0/16 }"), front("http-request deny if { src 10.0.0.0/8 192.0.2.1 11.1.0.0/16 }")),
    (33, "covered-pattern", front("acl a src 2001:db8::/32|acl a src 2001:db8:1::/48|http-request deny if a"), front("acl a src 2001:db8::/32|acl a src 2001:db9:1::/48|http-request deny if a")),
    (33, "covered-pattern", front("http-request deny if { path_beg /api /api/v2 }"), front("http-request deny if { path_beg /api/v1 /api/v2 }")),
    (34, "forwarded-twice", front("option forwardfor|http-request set-header X-Forwarded-For %[src]"), front("option forwardfor if-none|http-request set-header X-Forwarded-For %[src]")),
    (35, "unknown-inactive-directive", front("http-request deny if FALSE", ".if 0\n.elseif 1\n.endif\n"), front("http-request deny if FALSE", ".if 0\n.elif 1\n.endif\n")),
    (36, "dynamic-only", raw("frontend f| bind :80| use_backend %[req.hdr(host)]|backend b| server s 192.0.2.1:80"), front("use_backend %[req.hdr(host)]")),
    (36, "dynamic-never", front("use_backend bk_%[req.hdr(host)]"), front("use_backend bk_%[req.hdr(host)]", "backend bk_a\n server s 192.0.2.3:80\n")),
    (36, "dynamic-never", front("use_backend %[path]"), front("use_backend %[path,field(2,/)]")),
    (37, "loop", raw("frontend f| bind :8080| default_backend b|backend b| server s 127.0.0.1:8080"), raw("frontend f| bind :8080| default_backend b|backend b| server s 127.0.0.1:8081")),
    (37, "redirect-loop", raw("frontend f| bind :443 ssl crt a.pem| http-request redirect scheme https"), raw("frontend f| bind :443 ssl crt a.pem| http-request redirect scheme https unless { ssl_fc }| default_backend b|backend b| server s 192.0.2.1:80")),
    (38, "open-admin", front("stats enable|stats admin if TRUE"), front("stats enable|stats auth a:b|stats admin if TRUE")),
    (39, "typographic-quote", front("acl a path “/a”|http-request deny if a"), front('acl a path "/a"|http-request deny if a')),
    (40, "duplicate-server", back("server-template s 3 192.0.2.1:80|server s2 192.0.2.9:80"), back("server-template s 3 192.0.2.1:80|server s4 192.0.2.9:80")),
    (41, "comment-in-word", front("acl a path_reg ^/a #foo|http-request deny if a"), front("acl a path_reg ^/a # foo|http-request deny if a")),
    (42, "inert-setting", back("balance roundrobin|hash-type consistent|server s 192.0.2.1:80"), back("balance source|hash-type consistent|server s 192.0.2.1:80")),
    (42, "inert-setting", back("retries 0|option redispatch|server s 192.0.2.1:80"), back("retries 1|option redispatch|server s 192.0.2.1:80")),
    (42, "narrow-reuse", back("http-reuse always|source 0.0.0.0 usesrc clientip|server s 192.0.2.1:80"), back("http-reuse never|source 0.0.0.0 usesrc clientip|server s 192.0.2.1:80")),
    (43, "runs-as-root", "global\n maxconn 100\n" + front("http-request deny if FALSE"), "global\n user nobody\n chroot /var/empty\n" + front("http-request deny if FALSE")),
]


def findings(text):
    """[(readable code, has a witness)] with all classes on."""
    p = run("--format=json", "--offline", "-Wpedantic", "--max-errors=0", "f.cfg", f=text)
    found = []
    for line in p.stdout.splitlines():
        entry = json.loads(line)
        if entry.get("code"):
            found.append((entry["code"]["name"], bool(entry["children"]) or len(entry["spans"]) > 1))
    return found


def maps():
    """Values of a map that is there: the line of the file is the witness."""
    text = front("use_backend %[path,map(m.cfg)]")
    p = run("-Wpedantic", "f.cfg", f=text, m="/a b\n/x nosuch\n/y nobody\n")
    expect("no backend is named `nosuch`" in p.stderr and "m.cfg, line 2" in p.stderr and "1 other line" in p.stderr,
           f"family 36: a map's value: {p.stderr}")
    p = run("-Wpedantic", "f.cfg", f=text, m="/a b\n/x c\n")
    expect("dynamic-value" not in p.stderr and "LBW1054" not in p.stderr, f"family 36: a good map: {p.stderr}")


def main():
    maps()
    for family, code, wrong, near in CASES:
        found = findings(wrong)
        shown = [name for name, _ in found]
        expect(code in shown, f"family {family}: no {code} but {shown} for\n{wrong[len(HEAD):]}")
        expect(all(witness for name, witness in found if name == code), f"family {family}: {code} shows no witness")
        shown = [name for name, _ in findings(near)]
        expect(code not in shown, f"family {family}: {code} for the near miss\n{near[len(HEAD):]}")
    expect({family for family, _, _, _ in CASES} == set(range(1, 44)), "families are missing")
    finish()


main()
