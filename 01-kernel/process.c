/*
 * process.c - processes by a name that is not reused: the second half of ns.h.
 *
 * A pid is a number that the kernel gives to somebody else once its process has
 * been waited for. A pidfd (pidfd_open(2)) names the process itself: a signal
 * sent through it reaches that process or nobody. A pid that was written down,
 * in a state file, needs the start time beside it to be compared before use.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/strbuf.h"
#include "ns.h"

int kern_pidfd_open(pid_t pid, struct err *err)
{
	int fd = (int)syscall(SYS_pidfd_open, pid, 0); /* close-on-exec by itself */

	return fd < 0 ? err_sys(err, "open process %d", (int)pid) : fd;
}

int kern_pidfd_signal(int pidfd, int sig, struct err *err)
{
	if (syscall(SYS_pidfd_send_signal, pidfd, sig, NULL, 0))
		return err_sys(err, "send signal %d", sig);
	return 0;
}

int kern_proc_start_time(pid_t pid, uint64_t *ticks, char *state, struct err *err)
{
	AUTO_FREE char *path = xasprintf("/proc/%d/stat", (int)pid);
	AUTO_STRBUF struct strbuf sb = STRBUF_INIT;
	unsigned long long start;
	const char *p;
	char st;

	if (file_read(AT_FDCWD, path, &sb, 4096, err))
		return -1;
	/* Field 2 is the program's name in parentheses, and may hold any byte,
	 * parentheses too: the last ')' ends it (proc(5)). */
	p = strrchr(sb.data, ')');
	if (!p || sscanf(p + 1, " %c %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s "
			 "%*s %*s %*s %llu", &st, &start) != 2)
		return err_set(err, ERR_CORRUPT, "%s: unexpected format", path);
	if (ticks)
		*ticks = start;
	if (state)
		*state = st;
	return 0;
}

/* The names of signal(7) that have a number on Linux; the numbers are the
 * architecture's. Real-time signals are computed. */
static const struct {
	const char *name;
	int num;
} signals[] = {
#define S(x) { #x, x }
	S(SIGHUP), S(SIGINT), S(SIGQUIT), S(SIGILL), S(SIGTRAP), S(SIGABRT), S(SIGBUS), S(SIGFPE),
	S(SIGKILL), S(SIGUSR1), S(SIGSEGV), S(SIGUSR2), S(SIGPIPE), S(SIGALRM), S(SIGTERM),
	S(SIGSTKFLT), S(SIGCHLD), S(SIGCONT), S(SIGSTOP), S(SIGTSTP), S(SIGTTIN), S(SIGTTOU),
	S(SIGURG), S(SIGXCPU), S(SIGXFSZ), S(SIGVTALRM), S(SIGPROF), S(SIGWINCH), S(SIGIO),
	S(SIGPWR), S(SIGSYS),
	/* synonyms: after the names that kern_signal_name answers */
	S(SIGIOT), S(SIGCLD), S(SIGPOLL),
#undef S
};

#define N_SIGNALS (sizeof signals / sizeof signals[0])

/* "RTMIN", "RTMIN+3", "RTMAX-1". The C library keeps the first two real-time
 * signals for itself; SIGRTMIN is what is left. */
static int parse_realtime(const char *name)
{
	int base = str_starts(name, "RTMIN") ? SIGRTMIN : str_starts(name, "RTMAX") ? SIGRTMAX : -1;
	const char *rest = name + 5;
	char *end;
	long off;

	if (base < 0)
		return -1;
	if (!*rest)
		return base;
	if (*rest != (base == SIGRTMIN ? '+' : '-'))
		return -1;
	off = strtol(rest, &end, 10);
	if (*end || base + off < SIGRTMIN || base + off > SIGRTMAX)
		return -1;
	return base + (int)off;
}

static int parse_number(const char *text)
{
	char *end;
	long n = strtol(text, &end, 10);

	return *end || n < 1 || n > SIGRTMAX ? -1 : (int)n;
}

long kern_raise_open_files(void)
{
	struct rlimit limit;
	long before;

	if (getrlimit(RLIMIT_NOFILE, &limit))
		return 0;
	before = limit.rlim_cur > LONG_MAX ? 0 : (long)limit.rlim_cur;
	limit.rlim_cur = limit.rlim_max;
	return setrlimit(RLIMIT_NOFILE, &limit) ? 0 : before;
}

int kern_signal_parse(const char *text, struct err *err)
{
	char name[16] = "";
	int sig = -1;

	if (*text >= '0' && *text <= '9') {
		sig = parse_number(text);
	} else if (strlen(text) < sizeof name) {
		for (size_t i = 0; text[i]; i++)
			name[i] = (char)(text[i] >= 'a' && text[i] <= 'z' ? text[i] - 32 : text[i]);
		const char *bare = str_starts(name, "SIG") ? name + 3 : name;

		sig = parse_realtime(bare);
		for (size_t i = 0; sig < 0 && i < N_SIGNALS; i++)
			if (!strcmp(signals[i].name + 3, bare))
				sig = signals[i].num;
	}
	return sig > 0 ? sig : err_set(err, ERR_INVALID, "invalid signal: '%s'", text);
}

const char *kern_signal_name(int sig)
{
	for (size_t i = 0; i < N_SIGNALS; i++)
		if (signals[i].num == sig)
			return signals[i].name;
	return NULL;
}
