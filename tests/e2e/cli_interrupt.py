"""cli_interrupt.py DOCKER WORD ARG... - run DOCKER with these arguments on a terminal, type ctrl-C when it has said WORD,
and print whether the terminal echoes then, how the program ended, and what came after the ^C."""

import fcntl
import os
import pty
import signal
import sys
import termios
import time

program, word = sys.argv[1], sys.argv[2].encode()
master, slave = pty.openpty()
pid = os.fork()
if not pid:
    os.setsid()
    fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
    for n in range(3):
        os.dup2(slave, n)
    os.execv(program, ["docker", *sys.argv[3:]])
signal.alarm(30)
said = b""
while word not in said:
    said += os.read(master, 1000)
time.sleep(0.3)  # until it waits
os.write(master, b"\x03")
status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
echo = termios.tcgetattr(slave)[3] & termios.ECHO
print("echo" if echo else "no echo", status, os.read(master, 1000).split(b"^C")[-1])
