/*
 * err.c - see err.h.
 */
#include "err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const char *const kind_names[ERR_KINDS] = {
	[ERR_NONE] = "none",
	[ERR_SYSTEM] = "system",
	[ERR_INVALID] = "invalid",
	[ERR_NOT_FOUND] = "not_found",
	[ERR_EXISTS] = "exists",
	[ERR_CONFLICT] = "conflict",
	[ERR_PERMISSION] = "permission",
	[ERR_UNAUTHORIZED] = "unauthorized",
	[ERR_UNAVAILABLE] = "unavailable",
	[ERR_NO_SPACE] = "no_space",
	[ERR_UNSUPPORTED] = "unsupported",
	[ERR_TIMEOUT] = "timeout",
	[ERR_CANCELLED] = "cancelled",
	[ERR_CORRUPT] = "corrupt",
	[ERR_NOT_EXECUTABLE] = "not_executable",
	[ERR_NO_PROGRAM] = "no_program",
};

enum err_kind err_kind_of_errno(int errnum)
{
	switch (errnum) {
	case ENOENT: case ESRCH: case ENODEV: case ENXIO:
		return ERR_NOT_FOUND;
	case EEXIST:
		return ERR_EXISTS;
	case EPERM: case EACCES: case EROFS:
		return ERR_PERMISSION;
	case ENOSPC: case EDQUOT:
		return ERR_NO_SPACE;
	case ENOSYS: case EOPNOTSUPP: case EAFNOSUPPORT:
		return ERR_UNSUPPORTED;
	case ECONNREFUSED: case ECONNRESET: case EPIPE: case ENOTCONN:
		return ERR_UNAVAILABLE;
	case ETIMEDOUT:
		return ERR_TIMEOUT;
	default:
		return ERR_SYSTEM;
	}
}

int err_set(struct err *err, enum err_kind kind, const char *fmt, ...)
{
	va_list ap;

	err->kind = kind;
	err->errnum = 0;
	va_start(ap, fmt);
	vsnprintf(err->msg, sizeof err->msg, fmt, ap);
	va_end(ap);
	return -1;
}

static int set_errno(struct err *err, int errnum, const char *fmt, va_list ap)
{
	char text[128];
	int n;

	err->kind = err_kind_of_errno(errnum);
	err->errnum = errnum;
	n = vsnprintf(err->msg, sizeof err->msg, fmt, ap);
	if (n >= 0 && (size_t)n < sizeof err->msg)
		snprintf(err->msg + n, sizeof err->msg - (size_t)n, ": %s",
			 strerror_r(errnum, text, sizeof text));
	return -1;
}

int err_sys(struct err *err, const char *fmt, ...)
{
	int errnum = errno;
	va_list ap;

	va_start(ap, fmt);
	set_errno(err, errnum, fmt, ap);
	va_end(ap);
	errno = errnum;
	return -1;
}

int err_errno(struct err *err, int errnum, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	set_errno(err, errnum, fmt, ap);
	va_end(ap);
	return -1;
}

int err_wrap(struct err *err, const char *fmt, ...)
{
	char front[sizeof err->msg];
	size_t room = sizeof err->msg - 1, used, tail = strlen(err->msg);
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(front, sizeof front, fmt, ap);
	va_end(ap);
	used = n < 0 ? 0 : (size_t)n;
	if (!used || used + 2 >= room)
		return -1; /* the phrase alone fills the buffer: keep the cause */
	if (tail > room - used - 2)
		tail = room - used - 2;
	memmove(err->msg + used + 2, err->msg, tail);
	memcpy(err->msg, front, used);
	memcpy(err->msg + used, ": ", 2);
	err->msg[used + 2 + tail] = '\0';
	return -1;
}

const char *err_kind_name(enum err_kind kind)
{
	return kind < ERR_KINDS ? kind_names[kind] : kind_names[ERR_SYSTEM];
}

enum err_kind err_kind_parse(const char *name)
{
	for (int k = 0; name && k < ERR_KINDS; k++)
		if (!strcmp(name, kind_names[k]))
			return (enum err_kind)k;
	return ERR_SYSTEM;
}
