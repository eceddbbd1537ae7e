/*
 * err.h - the one way in which this project says that something failed.
 *
 * A function that can fail returns 0 or -1 (or a pointer or NULL) and has then
 * filled the caller's struct err: what kind of failure, the errno if there was
 * one, and a sentence. The sentence is set once, where it happened, and every
 * caller that knows more puts one phrase in front of it (err_wrap):
 *
 *     start c1: create task: mount /proc: Permission denied
 *
 * Programs look at `kind`, people read `msg`. No code parses a message.
 * The struct has a fixed size and no pointers and is smaller than PIPE_BUF, so
 * a container's init can write it to its runtime in one atomic write (pipe(7)).
 */
#ifndef DOCKYARD_ERR_H
#define DOCKYARD_ERR_H

enum err_kind {
	ERR_NONE = 0,
	ERR_SYSTEM,       /* a call failed and nothing below fits */
	ERR_INVALID,      /* the caller's input is wrong */
	ERR_NOT_FOUND,    /* the thing named does not exist */
	ERR_EXISTS,       /* the name is taken */
	ERR_CONFLICT,     /* the thing is in a state that forbids this */
	ERR_PERMISSION,   /* the kernel or a policy says no */
	ERR_UNAUTHORIZED, /* credentials are missing or wrong */
	ERR_UNAVAILABLE,  /* the other side does not answer */
	ERR_NO_SPACE,     /* disk or quota is full */
	ERR_UNSUPPORTED,  /* this kernel, build or version cannot do it */
	ERR_TIMEOUT,      /* it took too long */
	ERR_CANCELLED,    /* the one who asked has gone away */
	ERR_CORRUPT,      /* data is not what its digest or format promises */
	ERR_NOT_EXECUTABLE, /* a program was found but cannot be run (exit code 126) */
	ERR_NO_PROGRAM,   /* the program to run was not found (exit code 127) */
	ERR_KINDS
};

struct err {
	enum err_kind kind;
	int errnum; /* errno, or 0 */
	char msg[2040];
};

/* Set kind and message; always returns -1, so `return err_set(...)` reads well. */
int err_set(struct err *err, enum err_kind kind, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Set from errno as it is now: "<fmt>: <strerror>". The kind follows errno
 * (ENOENT: not found, EEXIST: exists, EPERM/EACCES: permission, ENOSPC/EDQUOT:
 * no space, ENOSYS/EOPNOTSUPP: unsupported, ECONNREFUSED: unavailable, else
 * system). Returns -1. */
int err_sys(struct err *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* As err_sys, with the errno given (for calls that return it negated). Returns -1. */
int err_errno(struct err *err, int errnum, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Put "<fmt>: " in front of the message; kind and errno stay. Returns -1.
 * A message that outgrows the buffer loses its end, never its beginning. */
int err_wrap(struct err *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* The kind that err_sys would give to this errno. */
enum err_kind err_kind_of_errno(int errnum);

/* The kind's name in JSON bodies ("not_found"), and back (ERR_SYSTEM if unknown). */
const char *err_kind_name(enum err_kind kind);
enum err_kind err_kind_parse(const char *name);

#endif
