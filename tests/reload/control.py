"""Commands on the sockets of a process under test."""
import socket


def ask(path, command, seconds):
    """The whole answer; empty when nobody is there."""
    with socket.socket(socket.AF_UNIX) as s:
        s.settimeout(seconds)
        try:
            s.connect(path)
            s.sendall(command.encode() + b"\n")
            s.shutdown(socket.SHUT_WR)
            answer = b""
            while part := s.recv(65536):
                answer += part
            return answer.decode()
        except OSError:
            return ""
