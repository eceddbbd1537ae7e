/*
 * terminal_test.c - `process.terminal`, `process.consoleSize` and /dev/console.
 * The master is handed over by the console socket, as runc's command line has it.
 */
#include "conform.h"

#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "01-kernel/tty.h"

static char *listen_to(int master)
{
	AUTO_STRBUF struct strbuf sb = STRBUF_INIT;
	struct pollfd p = { .fd = master, .events = POLLIN };
	char buf[512];
	ssize_t n;

	strbuf_adds(&sb, "");
	while (poll(&p, 1, 5000) > 0 && (n = read(master, buf, sizeof buf)) > 0)
		for (ssize_t i = 0; i < n; i++)
			if (buf[i] != '\r')
				strbuf_addc(&sb, buf[i]);
	return strbuf_steal(&sb);
}

/* Run it with a terminal, and return what it says there. */
static char *on_terminal(json_t *config)
{
	AUTO_FREE char *path = xasprintf("%s/console", test_dir);
	AUTO_JSON json_t *owned = config;
	AUTO_CLOSE int listener = -1, sock = -1, master = -1;
	struct err err = { .msg = "" };
	char name[64], *said;
	struct result r;

	unlink(path);
	listener = kern_unix_listen(path, 0600, &err);
	r = runc("create", "--console-socket", path, "-b", bundle(owned), new_id(), NULL);
	if (r.status)
		fprintf(stderr, "\n%s\n", r.err);
	CU_ASSERT_EQUAL(r.status, 0);
	if (r.status || (sock = accept(listener, NULL, NULL)) < 0)
		return xstrdup("");
	master = kern_fd_recv(sock, name, sizeof name, &err);
	EQ_INT(runc("start", id, NULL).status, 0);
	said = listen_to(master);
	stop();
	return said;
}

PROVES(a_terminal,
	{ "config.md#process", MUST, "With `terminal` a new pseudoterminal of the container is the process's standard input, output and error." });
static void a_terminal(void)
{
	json_t *config = shell("tty; test -t 0 && test -t 1 && test -t 2 && echo all three; ls -1 /dev/pts");
	AUTO_FREE char *said = NULL;

	set(config, "process.terminal", "true");
	said = on_terminal(config);
	EQ_STR(said, "/dev/pts/0\nall three\n0\nptmx\n");
}

PROVES(no_terminal,
	{ "config.md#process", MUST, "Without `terminal` there is none." },
	{ "config.md#process", MUST, "`consoleSize` is then ignored." });
static void no_terminal(void)
{
	json_t *config = shell("test -t 0 || test -t 1 || echo none; test -e /dev/console || echo no console");

	set(config, "process.consoleSize", "{'height': 33, 'width': 99}");
	SAYS(config, "none\nno console\n");
}

PROVES(console_size,
	{ "config.md#process", MUST, "`consoleSize` is the terminal's size when the program begins; it has `height` and `width`." });
static void console_size(void)
{
	json_t *config = shell("stty size");
	AUTO_FREE char *said = NULL;

	set(config, "process.terminal", "true");
	set(config, "process.consoleSize", "{'height': 33, 'width': 99}");
	said = on_terminal(config);
	EQ_STR(said, "33 99\n");
}

PROVES(dev_console,
	{ "config-linux.md#default-devices", MUST, "With a terminal `/dev/console` is that terminal." });
static void dev_console(void)
{
	json_t *config = shell("echo to console >/dev/console; test /dev/console -ef /dev/pts/0 || "
			       "test $(stat -c %t:%T /dev/console) = $(stat -c %t:%T /dev/pts/0) && echo same");
	AUTO_FREE char *said = NULL;

	set(config, "process.terminal", "true");
	said = on_terminal(config);
	EQ_STR(said, "to console\nsame\n");
}

const struct test terminal_rules[] = {
	TEST(a_terminal),
	TEST(no_terminal),
	TEST(console_size),
	TEST(dev_console),
	{ NULL },
};
