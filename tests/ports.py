"""Ports for programs that tests start: outside the range from which the kernel serves connections and whoever asks for any port, so
that nobody gets one by chance before the program listens there."""
import random
import socket


def _choice():
    with open("/proc/sys/net/ipv4/ip_local_port_range") as f:
        low, high = map(int, f.read().split())
    return range(10000, low) if low > 15000 else range(high + 1, 65536)


def _is_free(port):
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
        with socket.socket(socket.AF_INET, kind) as s:
            try:
                s.bind(("127.0.0.1", port))
            except OSError:
                return False
    return True


def free_port(n=1):
    """The first of n in a row on which nobody listens, with TCP or UDP."""
    choice = _choice()
    while True:
        first = random.SystemRandom().choice(choice[:len(choice) - n])
        if all(map(_is_free, range(first, first + n))):
            return first


def listening(backlog=64):
    """A socket on a port that the kernel gives; a program that takes sockets gets it with `pass_fds` (`bind fd@N`)."""
    s = socket.socket()
    s.bind(("127.0.0.1", 0))
    s.listen(backlog)
    s.set_inheritable(True)
    return s
