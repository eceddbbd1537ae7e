/*
 * unpack_tar.c - the entries of a tar archive.
 *
 * An archive is a row of 512-byte blocks: a header (libtar's struct tar_header),
 * then the data, padded. A header cannot hold long names, big numbers or extended
 * attributes, so an entry may be preceded by others that only describe it:
 *
 *   'x'  pax records "<length> <key>=<value>\n" (POSIX.1-2017, pax)
 *   'L'  'K'  GNU's long name, long link name
 *
 * Files with holes have a page of their own, unpack_sparse.c.
 *
 * libtar gives the header's layout and checksum. Its own reader is not used: it takes
 * sizes as int, knows no pax, and trusts what it reads.
 */
#include "unpack_private.h"

#include <ctype.h>
#include <errno.h>
#include <libtar.h>
#include <stdlib.h>
#include <string.h>

#define SPECIAL_LIMIT (1u << 20) /* of a pax header or a long name */
#define PAX_TYPE 'x'
#define PAX_GLOBAL_TYPE 'g'
#define GNU_SPARSE_TYPE 'S'
#define XATTR_KEY "SCHILY.xattr."
#define SPARSE_KEY "GNU.sparse."

/* What descriptive entries said about the one that follows. */
struct extras {
	char *path, *link;
	struct timespec mtime, atime;
	uint64_t size, uid, gid;
	bool has_mtime, has_atime, has_size, has_uid, has_gid;
	struct tar_sparse sparse;
	struct tar_xattr *xattrs;
	size_t n_xattrs;
};

static void xattrs_free(struct tar_xattr *v, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		free(v[i].name);
		free(v[i].value);
	}
	free(v);
}

void tar_entry_clear(struct tar_entry *e)
{
	free(e->path);
	free(e->link);
	xattrs_free(e->xattrs, e->n_xattrs);
	tar_sparse_clear(&e->sparse);
	memset(e, 0, sizeof(*e));
}

static void extras_clear(struct extras *x)
{
	free(x->path);
	free(x->link);
	xattrs_free(x->xattrs, x->n_xattrs);
	tar_sparse_clear(&x->sparse);
	memset(x, 0, sizeof(*x));
}

/* --- numbers --------------------------------------------------------------------------- */

/* Octal digits, or (GNU) a big-endian two's complement number behind a set top bit. */
int tar_number(const char *field, size_t n, int64_t *out, struct err *err)
{
	const unsigned char *p = (const unsigned char *)field;
	uint64_t value = 0;
	size_t i = 0;

	if (p[0] & 0x80) {
		bool negative = p[0] & 0x40;

		value = negative ? UINT64_MAX : 0;
		value = (value << 6) | (p[0] & 0x3f);
		for (i = 1; i < n; i++) {
			if (value >> 55 != (negative ? 0x1ffu : 0))
				return err_set(err, ERR_CORRUPT, "number too big in a tar header");
			value = (value << 8) | p[i];
		}
		*out = (int64_t)value;
		return 0;
	}
	while (i < n && (p[i] == ' ' || !p[i]))
		i++;
	for (; i < n && p[i] >= '0' && p[i] <= '7'; i++)
		value = value * 8 + (p[i] - '0'); /* at most 12 digits */
	if (i < n && p[i] && p[i] != ' ')
		return err_set(err, ERR_CORRUPT, "malformed number in a tar header");
	*out = (int64_t)value;
	return 0;
}

int tar_decimal(const char *text, uint64_t *out, struct err *err)
{
	char *end;

	errno = 0;
	*out = strtoull(text, &end, 10);
	if (errno || !isdigit((unsigned char)*text) || *end || *out > INT64_MAX)
		return err_set(err, ERR_CORRUPT, "malformed number \"%.40s\" in a pax header", text);
	return 0;
}

/* "1350244992.023960108", perhaps negative: then the fraction counts downwards too. */
static int parse_time(const char *text, struct timespec *out, struct err *err)
{
	bool negative = *text == '-';
	char *end;
	long scale = 100000000;

	if (!isdigit((unsigned char)text[negative]))
		return err_set(err, ERR_CORRUPT, "malformed time \"%.40s\" in a pax header", text);
	errno = 0;
	out->tv_sec = strtoll(text, &end, 10);
	out->tv_nsec = 0;
	if (*end == '.')
		for (end++; isdigit((unsigned char)*end); end++, scale /= 10)
			out->tv_nsec += (*end - '0') * scale;
	if (*end || errno)
		return err_set(err, ERR_CORRUPT, "malformed time \"%.40s\" in a pax header", text);
	if (negative && out->tv_nsec) {
		out->tv_sec--;
		out->tv_nsec = 1000000000 - out->tv_nsec;
	}
	return 0;
}

/* --- descriptive entries ----------------------------------------------------------------- */

static void add_xattr(struct extras *x, const char *name, const char *value, size_t size)
{
	x->xattrs = xrealloc(x->xattrs, (x->n_xattrs + 1) * sizeof(*x->xattrs));
	x->xattrs[x->n_xattrs++] =
		(struct tar_xattr){ xstrdup(name), memcpy(xmalloc(size + 1), value, size), size };
}

static void set_text(char **slot, const char *value)
{
	free(*slot);
	*slot = *value ? xstrdup(value) : NULL; /* an empty value takes the key back */
}

static int pax_record(struct extras *x, const char *key, const char *value, size_t size,
		      struct err *err)
{
	if (str_starts(key, XATTR_KEY)) {
		add_xattr(x, key + strlen(XATTR_KEY), value, size);
		return 0;
	}
	if (strlen(value) != size) /* the others are text */
		return err_set(err, ERR_CORRUPT, "NUL byte in the pax record %.40s", key);
	if (str_starts(key, SPARSE_KEY))
		return tar_sparse_record(&x->sparse, key + strlen(SPARSE_KEY), value, err);
	if (!strcmp(key, "path"))
		set_text(&x->path, value);
	else if (!strcmp(key, "linkpath"))
		set_text(&x->link, value);
	else if (!strcmp(key, "mtime"))
		return (x->has_mtime = size) ? parse_time(value, &x->mtime, err) : 0;
	else if (!strcmp(key, "atime"))
		return (x->has_atime = size) ? parse_time(value, &x->atime, err) : 0;
	else if (!strcmp(key, "size"))
		return (x->has_size = size) ? tar_decimal(value, &x->size, err) : 0;
	else if (!strcmp(key, "uid"))
		return (x->has_uid = size) ? tar_decimal(value, &x->uid, err) : 0;
	else if (!strcmp(key, "gid"))
		return (x->has_gid = size) ? tar_decimal(value, &x->gid, err) : 0;
	return 0;
}

/* `text` is NUL-terminated behind its n bytes. */
static int pax_records(struct extras *x, char *text, size_t n, struct err *err)
{
	while (n) {
		char *key, *eq;
		unsigned long len = strtoul(text, &key, 10);

		if (!isdigit((unsigned char)*text) || *key != ' ' || len > n ||
		    len < (size_t)(key - text) + 3 || text[len - 1] != '\n')
			return err_set(err, ERR_CORRUPT, "malformed pax header");
		key++;
		text[len - 1] = '\0';
		eq = strchr(key, '=');
		if (!eq || eq == key)
			return err_set(err, ERR_CORRUPT, "malformed pax header");
		*eq++ = '\0';
		if (pax_record(x, key, eq, (size_t)(text + len - 1 - eq), err))
			return -1;
		text += len;
		n -= len;
	}
	return 0;
}

int tar_skip_padding(struct layer_stream *st, uint64_t size, struct err *err)
{
	return layer_stream_skip(st, (T_BLOCKSIZE - size % T_BLOCKSIZE) % T_BLOCKSIZE, err);
}

/* The data of a descriptive entry. */
static char *read_special(struct layer_stream *st, uint64_t size, struct err *err)
{
	AUTO_FREE char *text = NULL;
	size_t got;

	if (size > SPECIAL_LIMIT) {
		err_set(err, ERR_CORRUPT, "extended header of %llu bytes", (unsigned long long)size);
		return NULL;
	}
	text = xcalloc(1, size + 1);
	if (layer_stream_read(st, text, size, &got, err) || tar_skip_padding(st, size, err))
		return NULL;
	if (got != size) {
		err_set(err, ERR_CORRUPT, "the archive ends in the middle of an entry");
		return NULL;
	}
	return steal_ptr(&text);
}

static int take_special(struct layer_stream *st, char type, uint64_t size, struct extras *x,
			struct err *err)
{
	AUTO_FREE char *text = read_special(st, size, err);

	if (!text)
		return -1;
	if (type == PAX_TYPE) {
		xattrs_free(x->xattrs, x->n_xattrs); /* a row of headers must not pile them up */
		x->xattrs = NULL;
		x->n_xattrs = 0;
		tar_sparse_clear(&x->sparse);
		return pax_records(x, text, size, err);
	}
	if (type == GNU_LONGNAME_TYPE && !x->path)
		set_text(&x->path, text);
	else if (type == GNU_LONGLINK_TYPE && !x->link)
		set_text(&x->link, text);
	return 0; /* global pax headers ('g') describe the archive, as other tools read them */
}

/* --- entries --------------------------------------------------------------------------------- */

/* A block into *tar; *end at the two blocks of zeros, or at a plain end of file. */
static int read_header(struct layer_stream *st, TAR *tar, bool *end, struct err *err)
{
	static const char zeros[T_BLOCKSIZE];
	size_t got;

	memset(tar, 0, sizeof(*tar)); /* libtar parses up to the NULs behind the block */
	if (layer_stream_read(st, &tar->th_buf, T_BLOCKSIZE, &got, err))
		return -1;
	*end = got == 0;
	if (*end)
		return 0;
	if (!memcmp(&tar->th_buf, zeros, T_BLOCKSIZE)) {
		if (layer_stream_read(st, &tar->th_buf, T_BLOCKSIZE, &got, err))
			return -1;
		*end = !got || !memcmp(&tar->th_buf, zeros, T_BLOCKSIZE);
		return *end ? 0 : err_set(err, ERR_CORRUPT, "corrupt archive: a block of zeros inside it");
	}
	if (!th_crc_ok(tar))
		return err_set(err, ERR_CORRUPT, "corrupt archive: a header with a wrong checksum");
	return 0;
}

/* ustar splits a long name into prefix and name; GNU uses the prefix otherwise. */
static char *header_path(const struct tar_header *h)
{
	bool ustar = !memcmp(h->magic, TMAGIC, TMAGLEN);
	int prefix = ustar ? (int)strnlen(h->prefix, sizeof(h->prefix)) : 0;

	return xasprintf("%.*s%s%.*s", prefix, h->prefix, prefix ? "/" : "", (int)sizeof(h->name),
			 h->name);
}

static bool later(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec > b->tv_sec || (a->tv_sec == b->tv_sec && a->tv_nsec > b->tv_nsec);
}

static int fill_numbers(struct tar_entry *e, const struct tar_header *h, const struct extras *x,
			struct err *err)
{
	int64_t mode, uid, gid, mtime, major = 0, minor = 0;

	if (tar_number(h->mode, sizeof(h->mode), &mode, err) ||
	    tar_number(h->uid, sizeof(h->uid), &uid, err) ||
	    tar_number(h->gid, sizeof(h->gid), &gid, err) ||
	    tar_number(h->mtime, sizeof(h->mtime), &mtime, err))
		return -1;
	if ((e->type == CHRTYPE || e->type == BLKTYPE) &&
	    (tar_number(h->devmajor, sizeof(h->devmajor), &major, err) ||
	     tar_number(h->devminor, sizeof(h->devminor), &minor, err)))
		return -1;
	if (x->has_uid)
		uid = (int64_t)x->uid;
	if (x->has_gid)
		gid = (int64_t)x->gid;
	if (uid < 0 || uid >= UINT32_MAX || gid < 0 || gid >= UINT32_MAX) /* -1 is "keep" */
		return err_set(err, ERR_CORRUPT, "owner out of range in a tar header");
	e->mode = (mode_t)mode & 07777;
	e->uid = (uid_t)uid;
	e->gid = (gid_t)gid;
	e->mtime = x->has_mtime ? x->mtime : (struct timespec){ mtime, 0 };
	e->atime = x->has_atime && later(&x->atime, &e->mtime) ? x->atime : e->mtime;
	e->major = (unsigned)major;
	e->minor = (unsigned)minor;
	return 0;
}

/* How long a file is, and how much of it follows. */
static int fill_size(struct tar_entry *e, uint64_t size, struct layer_stream *st, struct err *err)
{
	e->size = e->stored = e->type == REGTYPE ? size : 0; /* whatever the others' field says */
	if (e->type != REGTYPE || !e->sparse.used)
		return 0;
	if (e->sparse.map_in_data && tar_sparse_data(&e->sparse, st, &e->stored, err))
		return -1;
	e->size = e->sparse.size;
	return tar_sparse_check(&e->sparse, e->stored, err);
}

static int fill_entry(struct tar_entry *e, const struct tar_header *h, struct extras *x,
		      struct err *err)
{
	char type = h->typeflag == GNU_SPARSE_TYPE ? REGTYPE : h->typeflag;

	e->sparse = x->sparse;
	x->sparse = (struct tar_sparse){ .used = false };
	e->path = e->sparse.name ? steal_ptr(&e->sparse.name)
		  : x->path      ? steal_ptr(&x->path) : header_path(h);
	e->link = x->link ? steal_ptr(&x->link)
			  : xstrndup(h->linkname, strnlen(h->linkname, sizeof(h->linkname)));
	if (type == AREGTYPE || type == CONTTYPE) /* V7 tar had no directories but by name */
		type = type == AREGTYPE && str_ends(e->path, "/") ? DIRTYPE : REGTYPE;
	e->type = type;
	e->xattrs = steal_ptr(&x->xattrs);
	e->n_xattrs = x->n_xattrs;
	x->n_xattrs = 0;
	return fill_numbers(e, h, x, err);
}

static bool is_special(char type)
{
	return type == PAX_TYPE || type == PAX_GLOBAL_TYPE || type == GNU_LONGNAME_TYPE ||
	       type == GNU_LONGLINK_TYPE;
}

static int next(struct layer_stream *st, struct tar_entry *e, struct extras *x, bool *end,
		struct err *err)
{
	TAR tar;
	const struct tar_header *h = &tar.th_buf;
	int64_t size;

	for (;;) {
		if (read_header(st, &tar, end, err))
			return -1;
		if (*end)
			return 0;
		if (tar_number(h->size, sizeof(h->size), &size, err))
			return -1;
		if (size < 0)
			return err_set(err, ERR_CORRUPT, "negative size in a tar header");
		if (!is_special(h->typeflag))
			break;
		if (take_special(st, h->typeflag, (uint64_t)size, x, err))
			return -1;
	}
	if (h->typeflag == GNU_SPARSE_TYPE && tar_sparse_gnu(&x->sparse, (const char *)h, st, err))
		return -1;
	if (fill_entry(e, h, x, err))
		return -1;
	return fill_size(e, x->has_size ? x->size : (uint64_t)size, st, err);
}

int tar_next(struct layer_stream *st, struct tar_entry *e, bool *end, struct err *err)
{
	struct extras x = { 0 };
	int rc;

	tar_entry_clear(e);
	rc = next(st, e, &x, end, err);
	extras_clear(&x);
	return rc;
}
