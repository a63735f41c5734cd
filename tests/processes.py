"""What the kernel knows of a process, out of /proc (proc(5))."""
import os


def stat_words(pid):
    """The fields of /proc/PID/stat from the state on: the name in front of them may hold anything."""
    with open("/proc/%d/stat" % pid) as f:
        return f.read().rpartition(")")[2].split()


def alive(pid):
    """Whether it runs; a zombie does not."""
    try:
        return stat_words(pid)[0] != "Z"
    except OSError:
        return False


def children(pid):
    with open("/proc/%d/task/%d/children" % (pid, pid)) as f:
        return [int(x) for x in f.read().split()]


def descriptors(pid):
    """How many it has open."""
    return len(os.listdir("/proc/%d/fd" % pid))


def resident(pid):
    """Bytes of memory in use."""
    with open("/proc/%d/statm" % pid) as f:
        return int(f.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def work(pid):
    """Seconds of processor time so far."""
    words = stat_words(pid)
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")
