"""One conversation with a socket of a program under test: what it is told, and all that it answers until it closes."""
import socket

WAIT = 60.0  # seconds that anything may take on a busy machine


def exchange(path, data, seconds=WAIT, last=False):
    """The bytes that come back. last: says that it is all, where the other side would keep the connection."""
    with socket.socket(socket.AF_UNIX) as s:
        s.settimeout(seconds)
        s.connect(path)
        s.sendall(data)
        if last:
            s.shutdown(socket.SHUT_WR)
        answer = b""
        while part := s.recv(65536):
            answer += part
        return answer


def ask(path, command, seconds=WAIT, last=False):
    """The answer to a command of the runtime API (management guide, section 9.3)."""
    return exchange(path, command.encode() + b"\n", seconds, last).decode(errors="replace")


def ask_if_there(path, command, seconds=WAIT):
    """The same; empty when nobody is there, or no longer."""
    try:
        return ask(path, command, seconds, last=True)
    except OSError:
        return ""
