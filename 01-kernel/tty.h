/*
 * tty.h - terminals: pseudo-terminals (pty(7)), raw mode, window size, and
 * passing a descriptor over a unix socket (SCM_RIGHTS, unix(7)).
 */
#ifndef DOCKYARD_TTY_H
#define DOCKYARD_TTY_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include <termios.h>

#include "base/err.h"

/* Open a new pty from the devpts at `ptmx` ("/dev/ptmx"): the master's fd
 * (O_CLOEXEC); *slave its other end, opened by TIOCGPTPEER, not by name. */
int kern_tty_open(const char *ptmx, int *slave, struct err *err);
/* The other end of a master that is open already, unlocked. */
int kern_tty_peer(int master, int *slave, struct err *err);
int kern_tty_make_controlling(int slave, struct err *err); /* setsid must have been called */
int kern_tty_resize(int fd, unsigned short rows, unsigned short cols, struct err *err);
int kern_tty_size(int fd, unsigned short *rows, unsigned short *cols, struct err *err);
int kern_tty_raw(int fd, struct termios *saved, struct err *err);
void kern_tty_restore(int fd, const struct termios *saved);
/* Set or clear a flag of the output modes: OPOST, without which what is written comes
 * out unchanged, or ONLCR, by which a line feed becomes carriage return and line feed. */
int kern_tty_output(int fd, tcflag_t flag, bool on, struct err *err);

/* Send / receive one descriptor with a line of text (SCM_RIGHTS). */
int kern_fd_send(int sock, int fd, const char *text, struct err *err);
int kern_fd_recv(int sock, char *text, size_t size, struct err *err); /* the fd, O_CLOEXEC */
/* The same with any bytes. Without a descriptor *fd becomes -1; returns how many
 * bytes came, 0 at end of file. */
int kern_fd_send_bytes(int sock, int fd, const void *bytes, size_t n, struct err *err);
ssize_t kern_fd_recv_bytes(int sock, void *bytes, size_t size, int *fd, struct err *err);
/* As a datagram of no bytes, by which some tell it from a message (journald). */
int kern_fd_send_alone(int sock, int fd, struct err *err);

/* SOCK_STREAM unix sockets. Names longer than sun_path are reached through
 * /proc/self/fd of their directory. "@name" to connect to is an abstract one. */
int kern_unix_listen(const char *path, unsigned mode, struct err *err);
int kern_unix_connect(const char *path, struct err *err);

/* accept(2) failed with this: a moment's rest, if it lacks what only others can give back (descriptors, memory).
 * The connection stays in the queue, and poll(2) would tell of it at once, again and again. */
void kern_accept_rest(int errnum);

#endif
