/*
 * tar_write.c - an entry as blocks; see tar.h.
 */
#include <stdio.h>
#include <string.h>

#include "tar_private.h"

#define SMALL 07777777ULL      /* the most of a field of 8 */
#define LARGE 077777777777ULL  /* of 12 */

static void put_octal(unsigned char *field, size_t size, uint64_t value)
{
	char text[32];

	snprintf(text, sizeof text, "%0*llo", (int)size - 1, (unsigned long long)value);
	memcpy(field, text, size);
}

static void put_text(unsigned char *field, const char *text)
{
	size_t n = text ? strlen(text) : 0;

	memcpy(field, text ? text : "", n < NAME_LEN ? n : NAME_LEN);
}

static void add_block(struct strbuf *out, const struct cli_tar_entry *e)
{
	unsigned char block[CLI_TAR_BLOCK] = { 0 };
	unsigned sum = 0;

	put_text(block + NAME, e->name);
	put_text(block + LINK, e->link);
	put_octal(block + MODE, 8, e->mode & 07777);
	put_octal(block + UID, 8, e->uid <= SMALL ? e->uid : 0);
	put_octal(block + GID, 8, e->gid <= SMALL ? e->gid : 0);
	put_octal(block + SIZE, 12, e->size <= LARGE ? e->size : 0);
	put_octal(block + MTIME, 12, e->mtime >= 0 && (uint64_t)e->mtime <= LARGE ? (uint64_t)e->mtime : 0);
	put_octal(block + MAJOR, 8, e->major);
	put_octal(block + MINOR, 8, e->minor);
	block[TYPE] = (unsigned char)e->type;
	memcpy(block + MAGIC, "ustar\00000", 8);
	memset(block + CHECKSUM, ' ', 8); /* which is how it counts itself */
	for (size_t i = 0; i < sizeof block; i++)
		sum += block[i];
	snprintf((char *)block + CHECKSUM, 8, "%06o", sum);
	strbuf_add(out, block, sizeof block);
}

/* "LENGTH key=value\n", where the length counts its own digits too. */
static void add_record(struct strbuf *out, const char *key, const char *value)
{
	size_t rest = strlen(key) + strlen(value) + 3, n = rest + 1, digits;

	do {
		digits = (size_t)snprintf(NULL, 0, "%zu", n);
		n = rest + digits;
	} while ((size_t)snprintf(NULL, 0, "%zu", n) != digits);
	strbuf_addf(out, "%zu %s=%s\n", n, key, value);
}

static void add_number(struct strbuf *out, const char *key, int64_t value)
{
	char text[24];

	snprintf(text, sizeof text, "%lld", (long long)value);
	add_record(out, key, text);
}

static bool needs_record(const char *text)
{
	if (!text || strlen(text) > NAME_LEN)
		return text != NULL;
	for (const char *c = text; *c; c++)
		if ((unsigned char)*c >= 0x80)
			return true;
	return false;
}

size_t cli_tar_padding(uint64_t size)
{
	return (size_t)(-size & (CLI_TAR_BLOCK - 1));
}

static void add_data(struct strbuf *out, const char *data, size_t n)
{
	static const char zeros[CLI_TAR_BLOCK];

	strbuf_add(out, data, n);
	strbuf_add(out, zeros, cli_tar_padding(n));
}

void cli_tar_header(struct strbuf *out, const struct cli_tar_entry *entry)
{
	AUTO_STRBUF struct strbuf records = STRBUF_INIT;

	if (needs_record(entry->name))
		add_record(&records, "path", entry->name);
	if (needs_record(entry->link))
		add_record(&records, "linkpath", entry->link);
	if (entry->size > LARGE)
		add_number(&records, "size", (int64_t)entry->size);
	if (entry->mtime < 0 || (uint64_t)entry->mtime > LARGE)
		add_number(&records, "mtime", entry->mtime);
	if (entry->uid > SMALL)
		add_number(&records, "uid", entry->uid);
	if (entry->gid > SMALL)
		add_number(&records, "gid", entry->gid);
	if (records.len) {
		struct cli_tar_entry extended = { .type = 'x', .name = (char *)"PaxHeaders/entry", .mode = 0644,
						  .size = records.len };
		add_block(out, &extended);
		add_data(out, records.data, records.len);
	}
	add_block(out, entry);
}

void cli_tar_file(struct strbuf *out, const char *name, mode_t mode, const char *data, size_t n)
{
	struct cli_tar_entry entry = { .type = '0', .name = (char *)name, .mode = mode, .size = n };

	cli_tar_header(out, &entry);
	add_data(out, data, n);
}

void cli_tar_end(struct strbuf *out)
{
	static const char zeros[2 * CLI_TAR_BLOCK];

	strbuf_add(out, zeros, sizeof zeros);
}
