/*
 * log.c - the log that containerd reads: one JSON object a line, whatever name or
 * message of a container's is in it, however long.
 */
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "01-kernel/base/file.h"
#include "01-kernel/base/jsonx.h"
#include "01-kernel/base/log.h"
#include "fuzz.h"

static int fd;

void fuzz_begin(void)
{
	fd = memfd_create("log", MFD_CLOEXEC);
}

static void line(int json, const char *text, struct strbuf *sb)
{
	struct err err;

	(void)!ftruncate(fd, 0);
	lseek(fd, 0, SEEK_SET);
	log_setup("fuzz", fd, LOG_DEBUG, json);
	log_error("%s", text);
	lseek(fd, 0, SEEK_SET);
	strbuf_clear(sb);
	MUST(!file_read_fd(fd, sb, SIZE_MAX, &err));
	MUST(sb->len && strchr(sb->data, '\n') == sb->data + sb->len - 1);
	MUST(!strpbrk(sb->data, "\033\b\r\177"));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_FREE char *text = fuzz_text(data, size);
	AUTO_STRBUF struct strbuf sb = STRBUF_INIT;
	AUTO_JSON json_t *doc = NULL;
	struct err err = { .msg = "" };

	/* As every error gets there: set, wrapped, cut to its size. */
	err_set(&err, ERR_INVALID, "%s", text);
	err_wrap(&err, "%.64s", text);
	line(0, err.msg, &sb);
	line(1, err.msg, &sb);
	doc = json_loadb(sb.data, sb.len, JSON_REJECT_DUPLICATES, NULL);
	MUST(!strcmp(jsonx_str(doc, "level", ""), "error"));
	MUST(jsonx_str(doc, "msg", NULL) && jsonx_str(doc, "time", NULL));
	return 0;
}
