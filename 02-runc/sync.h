/*
 * sync.h - the words between a runtime and the init process it has cloned.
 *
 * One SOCK_SEQPACKET pair carries them, so each word arrives whole. Init says
 *
 *     MOUNTED   the container's file tree stands, the old root is still there:
 *               the time for network devices and createRuntime hooks (only said if there
 *               are any)
 *     LISTENER  with a descriptor, for the agent who decides about some of its
 *               system calls: see notify.h
 *     READY     everything is done but waiting for `start` and running the program
 *     ERROR     with a struct err: what went wrong, in init's own words
 *
 * and the runtime says GO: first, once, where systemd is to put init into its cgroup;
 * then, once, where ids are to be mapped; and in answer to MOUNTED and LISTENER. Both
 * ends are O_CLOEXEC: end of file without a word means that the program has been
 * executed, or that init died.
 */
#ifndef DOCKYARD_RUNC_SYNC_H
#define DOCKYARD_RUNC_SYNC_H

#include "01-kernel/base/err.h"

enum runc_word {
	WORD_END = 0, WORD_MOUNTED, WORD_GO, WORD_LISTENER, WORD_READY, WORD_ERROR, WORDS
};

int runc_sync_pair(int *runtime_end, int *init_end, struct err *err);
int runc_sync_say(int fd, enum runc_word word, struct err *err);
int runc_sync_give(int fd, enum runc_word word, int descriptor, struct err *err);
/* What init says under the container's filter: by write(2), which profiles allow. */
int runc_sync_say_filtered(int fd, enum runc_word word, struct err *err);
void runc_sync_fail(int fd, const struct err *failure);

/* The next word, WORD_END at end of file. An ERROR comes back as -1 with *err
 * as the other side sent it; so does what is no word. */
int runc_sync_hear(int fd, enum runc_word *word, struct err *err);
/* The same, with the descriptor that came with the word, or -1: the caller's. */
int runc_sync_take(int fd, enum runc_word *word, int *descriptor, struct err *err);

#endif
