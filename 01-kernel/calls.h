/*
 * calls.h - system calls as a trace shows them (base/trace.h).
 *
 * The calls that make a container are told to the trace where they are made, with their
 * arguments in words: numbers of flags by name, descriptors by what is open there. Here are those
 * words, and the calls that several pages make. Outside of a trace each costs one comparison.
 */
#ifndef DOCKYARD_CALLS_H
#define DOCKYARD_CALLS_H

#include <stddef.h>
#include <stdint.h>

#include "base/trace.h"

struct kern_flag {
	uint64_t bit;
	const char *name;
};
/* Each ends with a row of zeros. */
extern const struct kern_flag kern_clone_flags[], kern_mount_flag_names[], kern_mount_attrs[];

/* Both return `out`; "" where nothing is recorded. */
#define KERN_CALL_TEXT 400
/* "CLONE_NEWPID|CLONE_NEWNS|0x4"; "0" for none. */
const char *kern_call_flags(const struct trace_span *span, uint64_t flags,
			    const struct kern_flag *names, char out[KERN_CALL_TEXT]);
/* What the descriptor leads to: "/run/x/rootfs/proc", or its number. */
const char *kern_call_fd(const struct trace_span *span, int fd, char out[KERN_CALL_TEXT]);

/* mount(2), umount2(2), setns(2), write(2) of a whole text, in a trace. */
int kern_call_mount(const char *source, const char *target, const char *type, uint64_t flags,
		    const char *data);
int kern_call_umount(const char *target, int flags);
int kern_call_setns(int fd, int flags);
/* `name` says what is open there: "/sys/fs/cgroup/x/memory.max". NULL: see kern_call_fd. */
int kern_call_write(int fd, const char *name, const char *text);

#endif
