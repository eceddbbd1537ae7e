/*
 * notify.c - see notify.h.
 *
 * Between the load and the moment when the agent has the listener, a system call
 * with SCMP_ACT_NOTIFY would wait for an answer that nobody can give: for ever. To
 * send a descriptor takes sendmsg(2), which profiles do watch. But a filter
 * binds only the thread that loads it. So init starts a second one before, the
 * courier, that may call what it wants:
 *
 *     init                                     courier
 *     seccomp(): listener N
 *     write(N)  ─────────────────────────────▶ read()
 *     read() GO ◀── runtime ◀───────────────── sendmsg(N), close(N), ends
 *
 * The write is the only call that init makes while nobody listens, and "write" is
 * refused to SCMP_ACT_NOTIFY (seccomp.c), as it is by runc. The courier also
 * closes the listener: if init held it, and the agent died, init's next call would
 * wait for itself instead of getting ENOSYS.
 */
#include "notify.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "01-kernel/base/jsonx.h"
#include "01-kernel/tty.h"
#include "config.h"

#define STACK_SIZE (128 << 10)

/* ---- init's side ----------------------------------------------------------- */

struct courier {
	int event; /* eventfd(2): the listener's number */
	int sync;
};

/* The thread shares init's memory, with errno, and its descriptors; init is
 * waiting and touches neither. */
static int carry(void *arg)
{
	const struct courier *c = arg;
	uint64_t listener;
	struct err err;

	if (read(c->event, &listener, sizeof listener) != sizeof listener)
		return 1;
	if (runc_sync_give(c->sync, WORD_LISTENER, (int)listener, &err))
		runc_sync_fail(c->sync, &err);
	close((int)listener);
	close(c->event);
	return 0;
}

/* A bare thread: nothing of the C library's is known of it, and nothing is needed. */
static int start_courier(struct courier *c, struct err *err)
{
	static char stack[STACK_SIZE] __attribute__((aligned(16)));
	const int flags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD |
			  CLONE_SYSVSEM;

	c->event = eventfd(0, EFD_CLOEXEC);
	if (c->event < 0)
		return err_sys(err, "make an eventfd");
	if (clone(carry, stack + sizeof stack, flags, c) < 0)
		return err_sys(err, "start the thread that hands over the seccomp listener (does "
			       "pids.limit leave room for two?)");
	return 0;
}

/* By read(2) and write(2): under the filter, the fewest different calls are best. */
static int hand_over(const struct courier *c, int listener, struct err *err)
{
	uint64_t number = (uint64_t)listener;
	enum runc_word word = WORD_END;

	if (write(c->event, &number, sizeof number) != sizeof number)
		return err_sys(err, "hand over the seccomp listener (does the profile allow write?)");
	if (read(c->sync, &word, sizeof word) < 0)
		return err_sys(err, "wait for the seccomp agent (does the profile allow read?)");
	if (word != WORD_GO)
		return err_set(err, ERR_CANCELLED, "the runtime has gone away");
	return 0;
}

int runc_notify_load(const struct runc_filter *f, int sync, struct err *err)
{
	/* Static: the courier may outlive this call by an instruction or two. */
	static struct courier courier;
	int listener;

	if (!(f->flags & SECCOMP_FILTER_FLAG_NEW_LISTENER))
		return kern_seccomp_load(f->bpf, f->n, f->flags, err);
	courier.sync = sync;
	if (start_courier(&courier, err))
		return -1;
	listener = kern_seccomp_load(f->bpf, f->n, f->flags, err);
	return listener < 0 ? -1 : hand_over(&courier, listener, err);
}

/* ---- the runtime's side ------------------------------------------------------ */

/* "The Container Process State". New. */
static json_t *process_state(const struct runc_notify *whose, const char *metadata)
{
	json_t *doc = json_pack("{s:s, s:[s], s:i, s:o}", "ociVersion", RUNC_SPEC_VERSION, "fds",
				"seccompFd", "pid", (int)whose->pid, "state",
				runc_state_document(whose->state, whose->status, whose->init));

	if (metadata && *metadata)
		json_object_set_new(doc, "metadata", json_string(metadata));
	return doc;
}

/* One state per connection, which is closed then. */
static int send_on(const struct runc_notify *whose, int listener, struct err *err)
{
	const char *path, *metadata;
	AUTO_JSON json_t *doc = NULL;
	AUTO_FREE char *text = NULL;
	AUTO_CLOSE int agent = -1;

	runc_seccomp_listener(whose->seccomp, &path, &metadata);
	doc = process_state(whose, metadata);
	text = jsonx_text(doc);
	agent = kern_unix_connect(path, err);
	if (agent < 0)
		return err_wrap(err, "failed to connect with seccomp agent specified in the seccomp "
				"profile");
	if (kern_fd_send(agent, listener, text, err))
		return err_wrap(err, "cannot send seccomp fd to %s", path);
	return 0;
}

int runc_notify_hear(int sync, const struct runc_notify *whose, enum runc_word *word,
		     struct err *err)
{
	bool expected = whose->filter->flags & SECCOMP_FILTER_FLAG_NEW_LISTENER;
	AUTO_CLOSE int listener = -1;

	if (runc_sync_take(sync, word, &listener, err))
		return -1;
	if (*word == WORD_END && expected)
		return err_set(err, ERR_SYSTEM, "the process ended before it could hand over its "
			       "seccomp listener");
	if (*word != WORD_LISTENER)
		return 0;
	/* Who said it is in the container already. */
	if (!expected || listener < 0)
		return err_set(err, ERR_CORRUPT, "a seccomp listener that nobody asked for");
	if (send_on(whose, listener, err))
		return -1;
	close(steal_fd(&listener)); /* from here on only the agent has it */
	return runc_sync_say(sync, WORD_GO, err) || runc_sync_hear(sync, word, err) ? -1 : 0;
}
