/*
 * test_tty.c - terminals, and descriptors over unix sockets (tty.h).
 */
#include "suite.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>

#include "01-kernel/ns.h"
#include "01-kernel/tty.h"

/* A terminal hands over what came so far, which may be half a line. */
static bool reads(int fd, const char *expected)
{
	char text[16] = "";
	size_t n = strlen(expected), got = 0;
	ssize_t some = 1;

	for (; got < n && some > 0; got += (size_t)(some > 0 ? some : 0))
		some = read(fd, text + got, n - got);
	return got == n && !memcmp(text, expected, n);
}

static void a_pair_talks(void)
{
	unsigned short rows = 0, cols = 0;
	struct termios saved, now;
	struct err err;
	int slave = -1;
	AUTO_CLOSE int master = kern_tty_open("/dev/ptmx", &slave, &err);

	if (master < 0)
		SKIP("%s", err.msg);
	CU_ASSERT(isatty(slave));
	CU_ASSERT(fcntl(master, F_GETFD) & fcntl(slave, F_GETFD) & FD_CLOEXEC);
	OK(kern_tty_resize(master, 24, 132, &err));
	OK(kern_tty_size(slave, &rows, &cols, &err));
	CU_ASSERT(rows == 24 && cols == 132);

	/* The line discipline turns a newline written into CR LF; raw mode stops it. */
	CU_ASSERT_EQUAL(write(slave, "x\n", 2), 2);
	CU_ASSERT(reads(master, "x\r\n"));
	OK(kern_tty_raw(slave, &saved, &err));
	CU_ASSERT_EQUAL(write(slave, "y\n", 2), 2);
	CU_ASSERT(reads(master, "y\n"));
	kern_tty_restore(slave, &saved);
	CU_ASSERT(!tcgetattr(slave, &now) && now.c_lflag == saved.c_lflag);
	/* As one flag. */
	OK(kern_tty_output(slave, ONLCR, false, &err));
	CU_ASSERT_EQUAL(write(slave, "z\n", 2), 2);
	CU_ASSERT(reads(master, "z\n"));
	OK(kern_tty_output(slave, ONLCR, true, &err));
	CU_ASSERT_EQUAL(write(slave, "z\n", 2), 2);
	CU_ASSERT(reads(master, "z\r\n"));
	close(slave);
}

static void take_control(void *arg)
{
	int slave = *(int *)arg, tty;

	MUST(setsid() > 0);
	MUST_OK(kern_tty_make_controlling(slave, &child));
	tty = open("/dev/tty", O_RDWR | O_CLOEXEC);
	MUST(tty >= 0 && tcgetsid(slave) == getsid(0));
}

static void controlling_terminal(void)
{
	struct err err;
	int slave = -1;
	AUTO_CLOSE int master = kern_tty_open("/dev/ptmx", &slave, &err);

	if (master < 0)
		SKIP("%s", err.msg);
	CU_ASSERT_EQUAL(in_child(take_control, &slave), 0);
	close(slave);
	FAILS(kern_tty_open("/dev/null", &slave, &err) < 0, ERR_SYSTEM, "/dev/null");
	slave = open("/dev/null", O_RDWR | O_CLOEXEC);
	FAILS(kern_tty_resize(slave, 1, 1, &err), ERR_SYSTEM, "size");
	close(slave);
}

static void a_descriptor_travels(void)
{
	char text[64], content[8] = "";
	const char *dir = scratch();
	AUTO_FREE char *path = xasprintf("%s/file", dir);
	int pair[2], fd, got;
	struct err err;

	CU_ASSERT_FATAL(!socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair));
	write_file(dir, "file", "hello");
	fd = open(path, O_RDONLY | O_CLOEXEC);
	OK(kern_fd_send(pair[0], fd, "console", &err));
	got = kern_fd_recv(pair[1], text, sizeof text, &err);
	CU_ASSERT_STRING_EQUAL(text, "console");
	CU_ASSERT(got >= 0 && got != fd && (fcntl(got, F_GETFD) & FD_CLOEXEC));
	CU_ASSERT(read(got, content, 5) == 5 && !strcmp(content, "hello"));
	close(got);
	close(fd);
	CU_ASSERT_EQUAL(write(pair[0], "bare", 4), 4);
	FAILS(kern_fd_recv(pair[1], text, sizeof text, &err) < 0, ERR_UNAVAILABLE, "no descriptor");
	close(pair[0]);
	FAILS(kern_fd_recv(pair[1], text, sizeof text, &err) < 0, ERR_UNAVAILABLE, "went away");
	FAILS(kern_fd_send(pair[1], 0, "late", &err), ERR_UNAVAILABLE, "Broken pipe");
	close(pair[1]);
}

static void listen_connect(const char *path)
{
	struct err err;
	struct stat st;
	AUTO_CLOSE int server = kern_unix_listen(path, 0600, &err);
	AUTO_CLOSE int client = -1;
	int peer;

	OK(server < 0);
	CU_ASSERT(!stat(path, &st) && S_ISSOCK(st.st_mode) && (st.st_mode & 0777) == 0600);
	OK((client = kern_unix_connect(path, &err)) < 0);
	peer = accept4(server, NULL, NULL, SOCK_CLOEXEC);
	CU_ASSERT(peer >= 0);
	close(peer);
	FAILS(kern_unix_listen(path, 0600, &err) < 0, ERR_CONFLICT, "another process listens");
}

/* No descriptor is left: whoever polls does not turn round and round. */
static void nothing_to_accept_with(void)
{
	AUTO_FREE char *path = xasprintf("%s/s", scratch());
	struct rlimit none, before;
	struct timespec from, to;
	struct err err;
	AUTO_CLOSE int server = kern_unix_listen(path, 0600, &err);
	AUTO_CLOSE int client = kern_unix_connect(path, &err);

	CU_ASSERT(server >= 0 && client >= 0 && !getrlimit(RLIMIT_NOFILE, &before));
	none = (struct rlimit){ 1, before.rlim_max };
	CU_ASSERT(!setrlimit(RLIMIT_NOFILE, &none));
	CU_ASSERT(accept4(server, NULL, NULL, SOCK_CLOEXEC) < 0);
	clock_gettime(CLOCK_MONOTONIC, &from);
	kern_accept_rest(errno);
	clock_gettime(CLOCK_MONOTONIC, &to);
	CU_ASSERT((to.tv_sec - from.tv_sec) * 1000 + (to.tv_nsec - from.tv_nsec) / 1000000 >= 40);
	CU_ASSERT_EQUAL(kern_raise_open_files(), 1);
	CU_ASSERT(!getrlimit(RLIMIT_NOFILE, &none) && none.rlim_cur == before.rlim_max);
	setrlimit(RLIMIT_NOFILE, &before);
}

static void unix_sockets(void)
{
	const char *dir = scratch();
	AUTO_FREE char *path = xasprintf("%s/s", dir);
	AUTO_FREE char *deep = xasprintf("%s/%0100d", dir, 7);
	AUTO_FREE char *far = xasprintf("%s/s.sock", deep);
	AUTO_FREE char *file = xasprintf("%s/file", dir);
	struct err err;

	listen_connect(path);
	listen_connect(path); /* the file of the one that is gone is in the way no more */
	CU_ASSERT(!mkdir(deep, 0755) && strlen(far) > sizeof ((struct sockaddr_un *)0)->sun_path);
	listen_connect(far);
	FAILS(kern_unix_connect(path, &err) < 0, ERR_UNAVAILABLE, "nobody listens");
	FAILS(kern_unix_connect(deep, &err) < 0, ERR_INVALID, "too long");
	write_file(dir, "file", "precious");
	FAILS(kern_unix_listen(file, 0600, &err) < 0, ERR_EXISTS, "no socket");
	CU_ASSERT(file_is(dir, "file", "precious"));
	unlink(path);
	FAILS(kern_unix_connect(path, &err) < 0, ERR_UNAVAILABLE, "no such socket");
}

const struct test tty_tests[] = {
	{ "a pair talks; raw mode stops the translation", a_pair_talks },
	{ "a session's controlling terminal", controlling_terminal },
	{ "a descriptor travels with its text", a_descriptor_travels },
	{ "no descriptor left: a rest, and a higher limit", nothing_to_accept_with },
	{ "unix sockets: stale files, long names, no guessing", unix_sockets },
	{ NULL, NULL },
};
