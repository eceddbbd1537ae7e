/*
 * shim_journald.c - a line as an entry of systemd's journal, in its native protocol (shim_sink.h;
 * systemd.io/JOURNAL_NATIVE_PROTOCOL).
 *
 *     NAME=value\n                                     where the value has no newline
 *     NAME\n <length, 64 bits, little-endian> value\n  where it has
 *
 * A line of the log has no newline within it, and what came from labels and the environment is
 * written in the second form where it has: no value can begin a field of its own. Names are of
 * A-Z, 0-9 and _; one that begins with _ is the journal's own, and it takes none from us.
 *
 * A datagram has a limit; a longer entry is passed as the descriptor of a sealed memory file.
 */
#include <ctype.h>
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>

#include "01-kernel/base/file.h"
#include "01-kernel/base/jsonx.h"
#include "01-kernel/base/log.h"
#include "01-kernel/tty.h"
#include "shim_log.h"
#include "shim_sink.h"

#define NAME_MAX_BYTES 64
#define SEALS (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL)

static void add_field(struct strbuf *to, const char *name, const char *value, size_t n)
{
	uint64_t length = htole64(n);

	strbuf_adds(to, name);
	if (memchr(value, '\n', n)) {
		strbuf_addc(to, '\n');
		strbuf_add(to, &length, sizeof length);
	} else {
		strbuf_addc(to, '=');
	}
	strbuf_add(to, value, n);
	strbuf_addc(to, '\n');
}

static bool is_name(const char *name)
{
	static const char *const ours[] = { "MESSAGE", "PRIORITY", "SYSLOG_TIMESTAMP",
					    "CONTAINER_PARTIAL_MESSAGE", NULL };
	size_t n = strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");

	for (size_t i = 0; ours[i]; i++)
		if (!strcmp(name, ours[i]))
			return false;
	return n && n <= NAME_MAX_BYTES && !name[n] && isupper((unsigned char)*name);
}

void shim_journald_fields(struct strbuf *to, const json_t *fields)
{
	const char *name;
	json_t *v;

	json_object_foreach((json_t *)fields, name, v)
		if (is_name(name) && json_is_string(v))
			add_field(to, name, json_string_value(v), json_string_length(v));
}

void shim_journald_format(const struct shim_sink *s, struct strbuf *to,
			  const struct shim_log_line *line)
{
	size_t n = line->n - (line->n && line->text[line->n - 1] == '\n');
	char when[TIME_TEXT_SIZE];

	add_field(to, "MESSAGE", line->text, n);
	add_field(to, "PRIORITY", line->stream == SHIM_STDERR ? "3" : "6", 1);
	time_text(&line->when, when);
	add_field(to, "SYSLOG_TIMESTAMP", when, strlen(when));
	if (line->partial)
		add_field(to, "CONTAINER_PARTIAL_MESSAGE", "true", 4);
	strbuf_add(to, s->fields.data, s->fields.len);
}

int shim_journald_send_file(int fd, const void *message, size_t n)
{
	AUTO_CLOSE int file = memfd_create("journal", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	struct err err;

	if (file < 0 || io_write_full(file, message, n) || fcntl(file, F_ADD_SEALS, SEALS))
		return -1;
	if (!kern_fd_send_alone(fd, file, &err))
		return 0;
	errno = err.errnum;
	return -1;
}
