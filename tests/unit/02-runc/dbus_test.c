/*
 * dbus_test.c - D-Bus messages and values, and GVariant's text form. The expected
 * bytes are GLib's: those of g_variant_parse's value in the body of a message of
 * GDBus, little-endian.
 */
#include "suite.h"

#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#include "02-runc/dbus.h"
#include "02-runc/gvariant.h"

static void hex_of(const struct strbuf *bytes, char *out, size_t size)
{
	for (size_t i = 0; i < bytes->len && 2 * i + 2 < size; i++)
		snprintf(out + 2 * i, 3, "%02x", (unsigned char)bytes->data[i]);
}

static void values(void)
{
	static const struct {
		const char *text, *bytes;
	} good[] = {
		{ "true", "0162000001000000" },
		{ "false", "0162000000000000" },
		{ "boolean true", "0162000001000000" },
		{ "5", "0169000005000000" },
		{ "-5", "01690000fbffffff" },
		{ "0x1f", "016900001f000000" },
		{ "010", "0169000008000000" },
		{ "byte 255", "017900ff" },
		{ "int16 -3", "016e0000fdff" },
		{ "uint16 7", "017100000700" },
		{ "uint32 4294967295", "01750000ffffffff" },
		{ "int64 -1", "0178000000000000ffffffffffffffff" },
		{ "uint64 18446744073709551615", "0174000000000000ffffffffffffffff" },
		{ "1.5", "0164000000000000000000000000f83f" },
		{ "double 2", "01640000000000000000000000000040" },
		{ "'text'", "01730000040000007465787400" },
		{ "\"it's\"", "01730000040000006974277300" },
		{ "'a\\'b\\\\c\\n'", "01730000060000006127625c630a00" },
		{ "string 's'", "01730000010000007300" },
		{ "['a', 'b']", "026173000e0000000100000061000000010000006200" },
		{ "[1, 2]", "02616900080000000100000002000000" },
		{ "[byte 1, 2]", "02617900020000000102" },
		{ "@as []", "0261730000000000" },
		{ "@at [1,2]", "026174001000000001000000000000000200000000000000" },
		{ "[@as [], ['x']]", "03616173000000000e0000000000000006000000010000007800" },
		{ "[('/dev/fuse','rw')]", "05612873732900001700000000000000090000002f6465762f6675736500000002000000727700" },
		{ "('a', uint64 5)", "042873742900000001000000610000000500000000000000" },
		{ "[[1],[2,uint32 3]]", "0361617500000000140000000400000001000000080000000200000003000000" },
		{ "  'x'  ", "01730000010000007800" },
		{ "inf", "0164000000000000000000000000f07f" },
		{ "[1, 2.5]", "0261640010000000000000000000f03f0000000000000440" },
	};

	for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
		AUTO_STRBUF struct strbuf body = STRBUF_INIT;
		struct err err = { .msg = "" };
		char hex[256] = "";

		EQ_INT(runc_gvariant_put(&body, good[i].text, &err), 0);
		EQ_STR(err.msg, "");
		hex_of(&body, hex, sizeof hex);
		EQ_STR(hex, good[i].bytes);
	}
}

/* What GLib refuses too, and, behind it, what no property of a unit is. */
static void bad_values(void)
{
	static const char *const bad[] = {
		"", "1 2", "[", "[]", "'x", "'x\\", "[1,'a']", "()", "uint64 -1", "byte 256",
		"int32 2147483648", "2147483648", "@N 5", "@", "@a", "@() 1", "@as [1]", "truex", "1x",
		"0x", "--1", "[1 2]", "(1", "uint32 'x'", "uint32 uint32 5", "nonsense", "\001",
		"{'a':1}", "<5>", "objectpath '/a'", "b'x'", "'\\u00e9'",
	};
	AUTO_STRBUF struct strbuf deep = STRBUF_INIT;

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		AUTO_STRBUF struct strbuf body = STRBUF_INIT;
		struct err err = { .kind = ERR_NONE };

		if (!runc_gvariant_put(&body, bad[i], &err))
			fprintf(stderr, "\naccepted: %s\n", bad[i]);
		EQ_INT(err.kind, ERR_INVALID);
	}
	for (int i = 0; i < 100000; i++)
		strbuf_addc(&deep, '[');
	AUTO_STRBUF struct strbuf body = STRBUF_INIT;
	struct err err;

	EQ_INT(runc_gvariant_put(&body, deep.data, &err), -1);
	EQ_STR(err.msg, "too many levels");
}

static void seconds(void)
{
	static const struct {
		const char *text;
		uint64_t usec;
	} good[] = {
		{ "2", 2000000 }, { "byte 5", 5000000 }, { "uint64 90", 90000000 }, { "1.5", 1500000 },
		{ "@x 3", 3000000 }, { "0", 0 },
	};
	static const char *const bad[] = { "'2s'", "-1", "-0.5", "true", "nan", "[1]",
					   "uint64 18446744073709551615" };
	uint64_t usec;
	struct err err;

	for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
		EQ_INT(runc_gvariant_seconds(good[i].text, &usec, &err), 0);
		EQ_INT((long)usec, (long)good[i].usec);
	}
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		EQ_INT(runc_gvariant_seconds(bad[i], &usec, &err), -1);
}

/* A signal as it comes, whole. */
static void make_signal(struct strbuf *bytes)
{
	static const struct runc_dbus_message m = {
		.type = DBUS_SIGNAL, .serial = 9, .path = "/a", .interface = "b.c", .member = "D",
		.signature = "uov",
	};
	AUTO_STRBUF struct strbuf body = STRBUF_INIT;

	runc_dbus_put_number(&body, 'u', 7);
	runc_dbus_put_text(&body, 'o', "/job/1");
	runc_dbus_put_text(&body, 'g', "s");
	runc_dbus_put_text(&body, 's', "done");
	runc_dbus_encode(bytes, &m, &body);
}

static void messages(void)
{
	struct runc_dbus_message m = { .bytes = STRBUF_INIT };
	const char *path, *text;
	struct err err;
	uint32_t number;

	make_signal(&m.bytes);
	EQ_INT(runc_dbus_decode(&m, &err), 0);
	EQ_INT(m.type, DBUS_SIGNAL);
	EQ_INT(m.serial, 9);
	EQ_STR(m.member, "D");
	EQ_STR(m.destination, "");
	EQ_INT(runc_dbus_read(&m, &err, "uov", &number, &path, &text), 0);
	EQ_INT(number, 7);
	EQ_STR(path, "/job/1");
	EQ_STR(text, "done");
	/* Other types than there are, and more. */
	EQ_INT(runc_dbus_decode(&m, &err), 0);
	EQ_INT(runc_dbus_read(&m, &err, "s", &text), -1);
	HAS(err.msg, "D has 'uov', not 's'");
	EQ_INT(runc_dbus_read(&m, &err, "uovs", &number, &path, &text, &text), -1);
	runc_dbus_message_free(&m);
}

/* With a byte changed or its end cut off, a message is refused or read as something
 * else, but nothing beyond it is touched (that is for the sanitizers to see). */
static void damaged_messages(void)
{
	AUTO_STRBUF struct strbuf whole = STRBUF_INIT;
	unsigned refused = 0;

	make_signal(&whole);
	for (size_t i = 0; i < whole.len; i++)
		for (int value = 0; value < 257; value++) {
			struct runc_dbus_message m = { .bytes = STRBUF_INIT };
			const char *path, *text;
			struct err err;
			uint32_t number;

			strbuf_add(&m.bytes, whole.data, value < 256 ? whole.len : i);
			if (value < 256)
				m.bytes.data[i] = (char)value;
			if (runc_dbus_decode(&m, &err) ||
			    runc_dbus_read(&m, &err, "uov", &number, &path, &text))
				refused += err.kind == ERR_CORRUPT;
			runc_dbus_message_free(&m);
		}
	CU_ASSERT(refused > whole.len * 100);
}

/* ---- a real bus ---------------------------------------------------------- */

static pid_t start_bus(const char *socket)
{
	static const char config[] =
		"<busconfig><listen>unix:path=%s</listen><auth>EXTERNAL</auth>"
		"<policy context='default'><allow user='*'/><allow eavesdrop='true'/>"
		"<allow send_destination='*' eavesdrop='true'/></policy></busconfig>";
	AUTO_FREE char *text = xasprintf(config, socket), *path = xasprintf("%s/bus.conf", test_dir);
	AUTO_FREE char *option = xasprintf("--config-file=%s", path);
	const struct timespec moment = { .tv_nsec = 20 * 1000 * 1000 };
	pid_t pid;

	write_file(test_dir, "bus.conf", text);
	unlink(socket);
	fflush(NULL);
	pid = fork();
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		freopen("/dev/null", "w", stderr);
		execlp("dbus-daemon", "dbus-daemon", "--nofork", "--nopidfile", option, NULL);
		_exit(127);
	}
	for (int i = 0; i < 250 && access(socket, F_OK) && !waitpid(pid, NULL, WNOHANG); i++)
		nanosleep(&moment, NULL);
	chmod(socket, 0666);
	return pid;
}

/* Log in, be greeted, register for a signal, be told of an error. */
static int talk(const char *address)
{
	static const struct runc_dbus_message nobody = {
		.destination = "no.such.name", .path = "/", .interface = "a.b", .member = "C",
	};
	AUTO_DBUS struct runc_dbus bus = RUNC_DBUS_INIT;
	struct err err = { .msg = "" };

	if (runc_dbus_open(&bus, address, false, &err) ||
	    runc_dbus_match(&bus, "type='signal',member='NameOwnerChanged'", &err)) {
		fprintf(stderr, "\n%s\n", err.msg);
		return 1;
	}
	return !runc_dbus_call(&bus, &nobody, NULL, NULL, &err) || err.kind != ERR_UNAVAILABLE;
}

/* Also as a user, and as one who is somebody else in a user namespace of his own: there
 * he does not know who he is for the bus. */
static void real_bus(void)
{
	AUTO_FREE char *socket = xasprintf("%s/bus", test_dir);
	AUTO_FREE char *address = xasprintf("unix:path=%s", socket);
	pid_t bus, pid;
	int status;

	if (system("command -v dbus-daemon >/dev/null")) {
		puts("\n    SKIP: dbus-daemon is not installed");
		return;
	}
	bus = start_bus(socket);
	EQ_INT(talk(address), 0);
	fflush(NULL);
	pid = fork();
	if (!pid)
		_exit(setgid(1000) || setuid(1000) || talk(address) || unshare(CLONE_NEWUSER) ||
		      talk(address));
	waitpid(pid, &status, 0);
	EQ_INT(WEXITSTATUS(status), 0);
	kill(bus, SIGKILL);
	waitpid(bus, NULL, 0);
}

CU_TestInfo dbus_tests[] = {
	{ "values as text", values },
	{ "what is no value", bad_values },
	{ "seconds", seconds },
	{ "messages", messages },
	{ "damaged messages", damaged_messages },
	{ "a real bus", real_bus },
	CU_TEST_INFO_NULL,
};
