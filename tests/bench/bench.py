"""tools/bench: proxies side by side on this machine, in turn, with nginx as origin and wrk as load.

The proxy has the first core to itself; origin and load share the others. Each row is measured in
rounds A B C A B C, so that a slow moment of the machine hits all alike; medians are shown.
"""
import argparse
import os
import re
import shutil
import signal
import socket
import ssl
import statistics
import subprocess
import sys
import tempfile
import threading
import time

import proxies

BIG = 8 << 20

# name: mode, what wrk is told, path, what it shows
ROWS = {
    "http": ("http", ["-c32"], "/", "keep-alive, small answers"),
    "tcp": ("tcp", ["-c32"], "/", "mode tcp, small answers"),
    "conn": ("http", ["-c32", "-HConnection: close"], "/", "one connection per request"),
    "http-8m": ("http", ["-c4"], "/big", "8 MB bodies"),
    "tcp-8m": ("tcp", ["-c4"], "/big", "mode tcp, 8 MB bodies"),
    "idle": ("http", None, "/", "bytes per idle keep-alive connection"),
    "h2": ("http", ["-c16", "-m16"], "/", "HTTP/2 in clear, 16 streams on 16 connections, small answers"),
    "tls": ("tls", ["-c32"], "/", "TLS, keep-alive, small answers"),
    "tls-h2": ("tls", ["-c16", "-m16"], "/", "HTTP/2 over TLS, 16 streams on 16 connections, small answers"),
    "tls-8m": ("tls", ["-c4"], "/big", "TLS, 8 MB bodies"),
    "tls-p256": ("tls", ["-new"], "/", "full handshakes with P-256, a request on each"),
    "tls-rsa": ("tls-rsa", ["-new"], "/", "full handshakes with RSA of 2048 bits, a request on each"),
    "tls-resume": ("tls", ["-reuse", "-tls1_2"], "/", "handshakes that resume a session, a request on each"),
    "tls-idle": ("tls", None, "/", "bytes per idle connection with TLS"),
    "track": ("track", ["-c32"], "/", "keep-alive, each request counted in one of a million keys"),
    **{f"rules-{n}": (f"rules-{n}", ["-c32"], "/", f"keep-alive, {n} use_backend lines by host, none of which holds")
       for n in (10, 100, 1000, 5000)},
    **{f"mixed-{n}": (f"mixed-{n}", ["-c32"], "/", f"keep-alive, {n} use_backend lines by host, path, method, network and named ACLs")
       for n in (10, 1000, 5000)},
    "kinds-1000": ("kinds-1000", ["-c32"], "/", "keep-alive, 1000 use_backend lines of ten kinds of conditions, none of which holds"),
    **{f"balance-{name}": (f"balance-{name}", ["-c32"], "/", f"keep-alive, balance {name} over 100 servers") for name in proxies.ALGORITHMS},
    "acls": ("acls", ["-c32"], "/", "keep-alive, a hundred ACLs, fields of both messages rewritten"),
    "log": ("log", ["-c32"], "/", "keep-alive, small answers, each logged (option httplog, UDP)"),
    "log-ring": ("log-ring", ["-c32"], "/", "the same lines into a ring"),
    "keys": ("track", None, "/", "bytes per key of a stick table with a million keys"),
}


def cores():
    """(the proxy's, everybody else's) as lists for taskset."""
    all_cores = sorted(os.sched_getaffinity(0))
    rest = all_cores[1:] or all_cores
    return str(all_cores[0]), ",".join(map(str, rest))


def run_s_time(port, path, options, seconds, load_cores, _scheme):
    """The same by openssl s_time: one connection after the other."""
    ran = subprocess.run(["taskset", "-c", load_cores, "openssl", "s_time", "-connect", f"127.0.0.1:{port}", "-www", path,
                          "-time", str(seconds), *options], capture_output=True, text=True, check=False)
    done = re.findall(r"(\d+) connections in (\d+) real seconds", ran.stdout)
    if not done:
        raise SystemExit(f"bench: openssl s_time with port {port} ended with {ran.returncode} and no result:\n"
                         f"{ran.stdout[-200:]}\n{ran.stderr}")
    return int(done[-1][0]), float(seconds), 0


def run_h2load(port, path, options, seconds, load_cores, scheme):
    """The same by h2load."""
    out = subprocess.run(["taskset", "-c", load_cores, "h2load", "-D", str(seconds), *options,
                          f"{scheme}://127.0.0.1:{port}{path}"], capture_output=True, text=True, check=True).stdout
    done = re.search(r"requests: \d+ total, \d+ started, (\d+) done, (\d+) succeeded, (\d+) failed", out)
    if not done:
        raise SystemExit("bench: cannot read what h2load says:\n" + out)
    return int(done[1]), float(seconds), int(done[3])


def run_load(row, port, seconds, load_cores):
    run = run_s_time if row in ("tls-p256", "tls-rsa", "tls-resume") else run_h2load if row.endswith("h2") else run_wrk
    return run(port, ROWS[row][2], ROWS[row][1], seconds, load_cores, "https" if row.startswith("tls") else "http")


def run_wrk(port, path, options, seconds, load_cores, scheme):
    """(requests, seconds, errors) of one run of wrk."""
    out = subprocess.run(["taskset", "-c", load_cores, "wrk", "-t1", f"-d{seconds}s", *options,
                          f"{scheme}://127.0.0.1:{port}{path}"], capture_output=True, text=True, check=True).stdout
    done = re.search(r"(\d+) requests in ([\d.]+)(ms|s|m)", out)
    if not done:
        raise SystemExit("bench: cannot read what wrk says:\n" + out)
    errors = sum(map(int, re.findall(r"(?:connect|read|write|timeout) (\d+)", out)))
    errors += sum(map(int, re.findall(r"Non-2xx or 3xx responses: (\d+)", out)))
    return int(done[1]), float(done[2]) * {"ms": 0.001, "s": 1, "m": 60}[done[3]], errors


def measure_load(program, row, seconds, load_cores):
    before = proxies.cpu_us(program.pid)
    requests, took, errors = run_load(row, program.port, seconds, load_cores)
    cpu = proxies.cpu_us(program.pid) - before
    return {"rate": requests / took, "cpu": cpu / max(requests, 1), "errors": errors}


def one_request(conn):
    conn.sendall(b"GET / HTTP/1.1\r\nHost: bench\r\n\r\n")
    data = b""
    while not data.endswith(b"hello, world\n"):
        part = conn.recv(4096)
        if not part:
            raise SystemExit("bench: a connection closed before its answer")
        data += part


def open_idle(port, count, tls):
    conns = []
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    for _ in range(count):
        conn = socket.create_connection(("127.0.0.1", port), 10)
        if tls:
            conn = context.wrap_socket(conn)
        conns.append(conn)
        one_request(conn)
    return conns


def measure_idle(program, count, tls):
    """Resident bytes that count connections add, after one request on each."""
    warm = open_idle(program.port, 50, tls)
    time.sleep(0.2)
    before = proxies.rss_bytes(program.pid)
    conns = open_idle(program.port, count, tls)
    time.sleep(0.3)
    grown = proxies.rss_bytes(program.pid) - before
    for conn in warm + conns:
        conn.close()
    return {"bytes": grown / count, "errors": 0}


def measure_keys(program, count):
    """Resident bytes that count keys of a stick table add."""
    with socket.socket(socket.AF_UNIX) as cli:
        cli.connect(os.path.join(program.dir, "cli"))
        reader = threading.Thread(target=lambda: all(iter(lambda: cli.recv(1 << 20), b"")))
        cli.sendall(b"prompt\nset timeout cli 60\n")
        before = proxies.rss_bytes(program.pid)
        reader.start()
        for first in range(0, count, 20):
            cli.sendall(";".join(f"set table keys key {n}" for n in range(first, first + 20)).encode() + b"\n")
        cli.sendall(b"quit\n")
        reader.join()
    return {"bytes": (proxies.rss_bytes(program.pid) - before) / count, "errors": 0}


def bench_row(row, contestants, args, work):
    """{name: [measurements]} of one row."""
    mode = ROWS[row][0]
    proxy_core, load_cores = cores()
    origin = proxies.start_origin(os.path.join(work, "origin"), load_cores, BIG)
    running, results = [], {}
    try:
        for proxy in contestants:
            if proxy.can(mode) and not (row == "h2" and proxy.kind == "nginx"):
                running.append(proxy.start(mode, origin.port, os.path.join(work, proxy.name), proxy_core))
                results[proxy.name] = []
        if ROWS[row][1]:
            for program in running:
                run_load(row, program.port, 1, load_cores)
        for _ in range(args.rounds if ROWS[row][1] else 1):
            for program in running:
                results[program.name].append(measure_idle(program, args.idle, row == "tls-idle") if row.endswith("idle") else
                                             measure_keys(program, 1000000) if row == "keys" else
                                             measure_load(program, row, args.seconds, load_cores))
    finally:
        for program in running:
            program.stop()
        origin.stop()
    return results


def median(values, key):
    return statistics.median(v[key] for v in values)


def spread(values, key):
    """Half the distance between the extremes, in per cent of the median."""
    data = [v[key] for v in values]
    return 50 * (max(data) - min(data)) / max(statistics.median(data), 1e-9)


def print_row(row, results, first):
    print(f"\n### {row}: {ROWS[row][3]}\n")
    if not ROWS[row][1]:
        print(f"| program | bytes/{'key' if row == 'keys' else 'connection'} |\n|---|---:|")
        for name, values in results.items():
            print(f"| {name} | {median(values, 'bytes'):.0f} |")
        return
    print(f"| program | req/s | ± | CPU µs/req | ± | {first}'s req/s to it | {first}'s CPU to it |")
    print("|---|---:|---:|---:|---:|---:|---:|")
    base = results.get(first)
    for name, values in results.items():
        rate, cpu = median(values, "rate"), median(values, "cpu")
        ratios = f"{median(base, 'rate') / rate:.2f} | {median(base, 'cpu') / cpu:.2f}" if base and cpu else "- | -"
        bad = sum(v["errors"] for v in values)
        note = f" ({bad} errors!)" if bad else ""
        print(f"| {name}{note} | {rate:.0f} | {spread(values, 'rate'):.1f} % | {cpu:.2f} | "
              f"{spread(values, 'cpu'):.1f} % | {ratios} |")


def cost_rows(contestants, args, work):
    """What each row costs more than the first one, of the same program: measured in turn, round by round, so that the
    machine's moods hit both alike; medians of the ratios."""
    first, *others = args.rows.split(",")
    proxy_core, load_cores = cores()
    origin = proxies.start_origin(os.path.join(work, "origin"), load_cores, BIG)
    print(f"\n| program | row | req/s lost to row {first} | ± | CPU µs/req | more than {first} | ± |\n|---|---|---:|---:|---:|---:|---:|")
    try:
        for proxy in contestants:
            rows = [row for row in (first, *others) if proxy.can(ROWS[row][0])]
            running = {row: proxy.start(ROWS[row][0], origin.port, os.path.join(work, f"{proxy.name}-{row}"), proxy_core) for row in rows}
            try:
                print_costs(proxy.name, rows, measure_in_turn(running, args, load_cores))
            finally:
                for program in running.values():
                    program.stop()
    finally:
        origin.stop()


def measure_in_turn(running, args, load_cores):
    """[{row: measurement}] by rounds."""
    for row, program in running.items():
        run_load(row, program.port, 1, load_cores)
    return [{row: measure_load(program, row, args.seconds, load_cores) for row, program in running.items()}
            for _ in range(args.rounds)]


def print_costs(name, rows, rounds):
    for row in rows[1:]:
        lost = [{"rate": 100 * (1 - r[row]["rate"] / r[rows[0]]["rate"]), "cpu": r[row]["cpu"],
                 "more": 100 * (r[row]["cpu"] / r[rows[0]]["cpu"] - 1)} for r in rounds]

        def around(key, lost=lost):
            return (max(v[key] for v in lost) - min(v[key] for v in lost)) / 2

        print(f"| {name} | {row} | {median(lost, 'rate'):.1f} % | {around('rate'):.1f} | {median(lost, 'cpu'):.2f} | "
              f"{median(lost, 'more'):.1f} % | {around('more'):.1f} |", flush=True)


def count_instructions(proxy, mode, origin, requests, work):
    """Instructions of a whole run that serves this many requests on one connection."""
    workdir = os.path.join(work, f"{proxy.name}-{mode}-{requests}")
    os.makedirs(workdir, exist_ok=True)
    out = os.path.join(workdir, "callgrind.out")
    program = proxy.start(mode, origin.port, workdir, None,
                          ["valgrind", "-q", "--tool=callgrind", f"--callgrind-out-file={out}.%p", "--trace-children=no"])
    try:
        conn = socket.create_connection(("127.0.0.1", program.port), 30)
        for _ in range(requests):
            one_request(conn)
        conn.close()
        time.sleep(0.2)
    finally:
        program.proc.send_signal(signal.SIGTERM)
        program.proc.wait(30)
    totals = []
    for name in os.listdir(workdir):
        if name.startswith("callgrind.out."):
            with open(os.path.join(workdir, name)) as f:
                totals += [int(m[1]) for m in re.finditer(r"^(?:summary|totals): (\d+)", f.read(), re.M)][:1]
    return max(totals), os.path.join(workdir, "callgrind.out." + str(program.pid))


def callgrind(contestants, args, work):
    """Instructions per small keep-alive request: the difference of a long and a short run."""
    origin = proxies.start_origin(os.path.join(work, "origin"), None, 1 << 10)
    short, long = 200, 200 + args.requests
    try:
        print("| program | mode | instructions/request |\n|---|---|---:|")
        for mode in dict.fromkeys(ROWS[row][0] for row in args.rows.split(",")) if args.rows != ",".join(ROWS) else ("http", "tcp"):
            for proxy in contestants:
                if proxy.kind == "nginx" or not proxy.can(mode):
                    continue
                a, _ = count_instructions(proxy, mode, origin, short, work)
                b, out = count_instructions(proxy, mode, origin, long, work)
                print(f"| {proxy.name} | {mode} | {(b - a) / (long - short):.0f} |", flush=True)
                if args.keep:
                    shutil.copy(out, f"callgrind.{proxy.name}.{mode}")
    finally:
        origin.stop()


def big_configuration(path, backends):
    """As many backends of five servers, and a use_backend line for each."""
    with open(path, "w") as f:
        f.write("defaults\n    mode http\n    timeout connect 5s\n    timeout client 30s\n    timeout server 30s\n"
                "frontend in\n    bind 127.0.0.1:18080\n")
        for i in range(backends):
            f.write(f"    use_backend b{i} if {{ hdr(host) -i host{i}.example }}\n")
        for i in range(backends):
            f.write(f"backend b{i}\n")
            for j in range(5):
                f.write(f"    server s{j} 10.{i >> 16}.{i >> 8 & 255}.{i & 255}:{8000 + j}\n")


def run_check(argv):
    """(seconds, resident bytes at most) of a program that reads a configuration and ends."""
    start = time.monotonic()
    proc = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(proc.pid, 0)
    took = time.monotonic() - start
    proc.returncode = os.waitstatus_to_exitcode(status)
    if proc.returncode:
        raise SystemExit(f"bench: {' '.join(argv)} ended with {proc.returncode}")
    return took, usage.ru_maxrss * 1024


def check_argv(proxy, config):
    """The ways to have a configuration checked: (name, command)."""
    yield proxy.name + " -c", [proxy.path, "-c", "-f", config]
    lbcheck = os.path.join(os.path.dirname(proxy.path), "lbcheck")
    if proxy.kind == "lbd" and os.access(lbcheck, os.X_OK):
        yield "lbcheck", [lbcheck, config]


def check_speed(contestants, args, work):
    """Reading a large configuration: the best of the rounds."""
    config = os.path.join(work, "big.cfg")
    big_configuration(config, args.backends)
    print(f"| {args.backends} backends, 5 servers each | seconds | MB |\n|---|---:|---:|")
    for proxy in contestants:
        if proxy.kind not in ("lbd", "haproxy"):
            continue
        for name, argv in check_argv(proxy, config):
            runs = [run_check(argv) for _ in range(args.rounds)]
            print(f"| {name} | {min(r[0] for r in runs):.3f} | {min(r[1] for r in runs) / 1e6:.0f} |", flush=True)


def describe_machine():
    with open("/proc/cpuinfo") as f:
        model = re.search(r"model name\s*: (.*)", f.read())
    proxy_core, load_cores = cores()
    print(f"{model[1] if model else 'unknown processor'}, Linux {os.uname().release}, "
          f"proxy on core {proxy_core}, origin and load on {load_cores}")


def parse_arguments():
    parser = argparse.ArgumentParser(prog="tools/bench", description=__doc__.split("\n")[0])
    parser.add_argument("--rows", default=",".join(ROWS), help="of: " + " ".join(ROWS))
    parser.add_argument("--seconds", type=int, default=3, help="length of one measurement (3)")
    parser.add_argument("--rounds", type=int, default=5, help="measurements of each program in each row (5)")
    parser.add_argument("--idle", type=int, default=4000, help="connections of the row idle (4000)")
    parser.add_argument("--callgrind", action="store_true", help="instructions per request instead of time")
    parser.add_argument("--cost", action="store_true", help="what the rows cost more than the first one, of the same program")
    parser.add_argument("--check", action="store_true", help="time and memory of reading a large configuration instead")
    parser.add_argument("--backends", type=int, default=10000, help="of that configuration (10000)")
    parser.add_argument("--requests", type=int, default=2000, help="requests that callgrind looks at (2000)")
    parser.add_argument("--keep", action="store_true", help="keep callgrind's files as callgrind.NAME.MODE")
    parser.add_argument("program", nargs="*", help="KIND or NAME=KIND:PATH; kinds: lbd haproxy nginx nghttpx "
                        "(default: all that are there; the first is compared to the others)")
    args = parser.parse_args()
    for row in args.rows.split(","):
        if row not in ROWS:
            parser.error(f"no row {row}; there are: {' '.join(ROWS)}")
    return args


def choose(args):
    contestants = [proxies.Proxy(spec) for spec in args.program or ["lbd", "haproxy", "nginx", "nghttpx"]]
    for proxy in contestants:
        if not hasattr(proxy, "argv_" + proxy.kind):
            raise SystemExit(f"bench: no kind {proxy.kind}")
        if args.program and not proxy.present():
            raise SystemExit(f"bench: {proxy.name} is not there")
    contestants = [p for p in contestants if p.present()]
    if not contestants or not shutil.which("wrk"):
        raise SystemExit("bench: nothing to compare, or no wrk (tools/deps bench installs it)")
    return contestants


def main():
    args = parse_arguments()
    contestants = choose(args)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    describe_machine()
    with tempfile.TemporaryDirectory(prefix="lbd-bench.") as work:
        os.chmod(work, 0o755)
        if args.callgrind or args.check or args.cost:
            (callgrind if args.callgrind else check_speed if args.check else cost_rows)(contestants, args, work)
            return
        for row in args.rows.split(","):
            print_row(row, bench_row(row, contestants, args, work), contestants[0].name)
            sys.stdout.flush()


if __name__ == "__main__":
    main()
