/*
 * tar_read.c - blocks as entries; see tar.h.
 *
 * Three dialects are met: ustar, where a long name is in two parts; pax, where
 * it is a record in front; and GNU's, where it is an entry of type L or K in front.
 */
#include <stdlib.h>
#include <string.h>

#include "tar_private.h"

#define RECORDS_LIMIT (1u << 20)

static void forget_entry(struct cli_tar_entry *e)
{
	free(e->name);
	free(e->link);
	*e = (struct cli_tar_entry){ 0 };
}

static int broken(const char *what, struct err *err)
{
	return err_set(err, ERR_CORRUPT, "invalid tar header: %s", what);
}

/* ---- fields -------------------------------------------------------------- */

/* Octal digits; or, where the first bit is set, a number of base 256 (GNU). */
static bool get_number(const unsigned char *field, size_t size, uint64_t *out)
{
	size_t i = 0;

	*out = 0;
	if (field[0] & 0x80) {
		if (field[0] & 0x40) /* a negative one */
			return false;
		for (i = 0; i < size; i++) {
			if (*out >> 55)
				return false;
			*out = *out << 8 | (i ? field[i] : field[i] & 0x7f);
		}
		return true;
	}
	while (i < size && field[i] == ' ')
		i++;
	for (; i < size && field[i] >= '0' && field[i] <= '7'; i++)
		*out = *out << 3 | (uint64_t)(field[i] - '0');
	return i == size || field[i] == 0 || field[i] == ' ';
}

static char *get_text(const unsigned char *field, size_t size)
{
	return xstrndup((const char *)field, strnlen((const char *)field, size));
}

static bool sum_is_right(const unsigned char *block)
{
	uint64_t want;
	unsigned sum = 0;

	for (size_t i = 0; i < CLI_TAR_BLOCK; i++)
		sum += i >= CHECKSUM && i < TYPE ? ' ' : block[i];
	return get_number(block + CHECKSUM, 8, &want) && want == sum;
}

/* ---- records in front of an entry ---------------------------------------- */

static void take_record(struct cli_tar_reader *r, const char *key, size_t key_len, const char *value)
{
	struct cli_tar_entry *e = &r->next;

#define IS(name) (key_len == sizeof(name) - 1 && !memcmp(key, name, key_len))
	if (IS("path")) {
		free(e->name);
		e->name = xstrdup(value);
	} else if (IS("linkpath")) {
		free(e->link);
		e->link = xstrdup(value);
	} else if (IS("size")) {
		e->size = strtoull(value, NULL, 10);
		r->has_size = true;
	} else if (IS("mtime")) {
		e->mtime = strtoll(value, NULL, 10);
		r->has_mtime = true;
	}
#undef IS
}

static int take_pax(struct cli_tar_reader *r, struct err *err)
{
	char *p = r->records.data, *end = p + r->records.len;

	while (p < end && *p) {
		char *rest, *equals;
		unsigned long n = strtoul(p, &rest, 10);
		if (*rest != ' ' || n > (size_t)(end - p) || p + n <= rest + 1 || p[n - 1] != '\n')
			return broken("a pax record of a wrong length", err);
		p[n - 1] = 0;
		if (!(equals = strchr(rest, '=')))
			return broken("a pax record without a value", err);
		take_record(r, rest + 1, (size_t)(equals - rest - 1), equals + 1);
		p += n;
	}
	return 0;
}

static int take_records(struct cli_tar_reader *r, struct err *err)
{
	int rc = 0;

	strbuf_reserve(&r->records, 1);
	if (r->kind == 'x')
		rc = take_pax(r, err);
	else if (r->kind != 'g') /* global ones say nothing that matters here */
		take_record(r, r->kind == 'L' ? "path" : "linkpath", r->kind == 'L' ? 4 : 8, r->records.data);
	strbuf_clear(&r->records);
	r->kind = 0;
	return rc;
}

/* ---- entries ------------------------------------------------------------- */

static int fill_entry(struct cli_tar_reader *r, struct err *err)
{
	const unsigned char *h = r->header;
	struct cli_tar_entry *e = &r->next;
	uint64_t mode, uid, gid, size, mtime, major = 0, minor = 0;
	bool ustar = !memcmp(h + MAGIC, "ustar", 5);

	if (!get_number(h + MODE, 8, &mode) || !get_number(h + UID, 8, &uid) || !get_number(h + GID, 8, &gid) ||
	    !get_number(h + SIZE, 12, &size) || !get_number(h + MTIME, 12, &mtime))
		return broken("a number", err);
	if (ustar && (!get_number(h + MAJOR, 8, &major) || !get_number(h + MINOR, 8, &minor)))
		return broken("a device number", err);
	AUTO_FREE char *name = get_text(h + NAME, NAME_LEN), *prefix = ustar ? get_text(h + PREFIX, PREFIX_LEN) : xstrdup("");
	if (!e->name)
		e->name = *prefix && h[VERSION] == '0' ? xasprintf("%s/%s", prefix, name) : steal_ptr(&name);
	if (!e->link)
		e->link = get_text(h + LINK, NAME_LEN);
	e->type = h[TYPE] ? (char)h[TYPE] : '0';
	if (e->type == '7')
		e->type = '0';
	e->mode = (mode_t)mode & 07777;
	e->uid = (uid_t)uid;
	e->gid = (gid_t)gid;
	e->size = r->has_size ? e->size : size;
	e->mtime = r->has_mtime ? e->mtime : (int64_t)mtime;
	e->major = (unsigned)major;
	e->minor = (unsigned)minor;
	r->has_size = r->has_mtime = false;
	return 0;
}

static int take_header(struct cli_tar_reader *r, struct err *err)
{
	char type = (char)r->header[TYPE];
	uint64_t size;

	r->got = 0;
	if (!r->header[0] && !memcmp(r->header, r->header + 1, CLI_TAR_BLOCK - 1)) {
		r->over = true; /* an empty block */
		return 0;
	}
	if (!sum_is_right(r->header))
		return broken("its checksum", err);
	if (strchr("xgLK", type) && type) {
		if (!get_number(r->header + SIZE, 12, &size) || size > RECORDS_LIMIT)
			return broken("records that are too long", err);
		r->kind = type;
		r->left = size;
		r->padding = cli_tar_padding(size);
		return 0;
	}
	if (fill_entry(r, err))
		return -1;
	r->left = r->next.type == '0' ? r->next.size : 0;
	r->padding = cli_tar_padding(r->left);
	r->inside = true;
	int rc = r->begin(r->context, &r->next, err);
	forget_entry(&r->next);
	return rc;
}

/* Everything of the entry has come. */
static int entry_over(struct cli_tar_reader *r, struct err *err)
{
	if (r->kind)
		return take_records(r, err);
	if (!r->inside)
		return 0;
	r->inside = false;
	return r->end(r->context, err);
}

static size_t least(size_t n, uint64_t most)
{
	return n < most ? n : (size_t)most;
}

int cli_tar_feed(struct cli_tar_reader *r, const char *data, size_t n, struct err *err)
{
	while (n && !r->over) {
		size_t take;
		if (r->left) {
			take = least(n, r->left);
			if (r->kind)
				strbuf_add(&r->records, data, take);
			else if (r->data(r->context, data, take, err))
				return -1;
			r->left -= take;
		} else if (r->padding) {
			take = least(n, r->padding);
			r->padding -= take;
		} else {
			take = least(n, CLI_TAR_BLOCK - r->got);
			memcpy(r->header + r->got, data, take);
			r->got += take;
			if (r->got == CLI_TAR_BLOCK && take_header(r, err))
				return -1;
		}
		data += take;
		n -= take;
		if (!r->left && !r->got && (r->inside || r->kind) && entry_over(r, err))
			return -1;
	}
	return 0;
}

int cli_tar_finish(struct cli_tar_reader *r, struct err *err)
{
	bool cut = !r->over && (r->got || r->left || r->kind);

	forget_entry(&r->next);
	strbuf_free(&r->records);
	return cut ? err_set(err, ERR_CORRUPT, "the archive ends in the middle: unexpected EOF") : 0;
}
