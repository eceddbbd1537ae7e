/*
 * zip_read.c - a zip archive that is all in memory, as a tar reader's entries (APPNOTE.TXT).
 *
 *     local header, data | … | central directory: a header for each, with its offset | its end: where it begins
 *
 * The central directory counts; of a local header only its own length is taken. All numbers are little-endian, and
 * none of them is believed.
 */
#include <string.h>
#include <zlib.h>

#include "01-kernel/base/strbuf.h"
#include "tar.h"

#define END_SIZE 22
#define CENTRAL_SIZE 46
#define LOCAL_SIZE 30
#define COMMENT_MAX 65535
#define SIZE_MAX_ENTRY (16u << 20) /* of one file, unpacked; who reads it may want less */

struct zip {
	const unsigned char *data;
	size_t n;
};

static unsigned long number(const unsigned char *p, int bytes)
{
	unsigned long value = 0;

	while (bytes-- > 0)
		value = value << 8 | p[bytes];
	return value;
}

/* `size` bytes from there on, that begin with the signature "PK" and these two; or NULL. */
static const unsigned char *header_at(const struct zip *z, size_t at, size_t size, const char *kind)
{
	if (at > z->n || z->n - at < size)
		return NULL;
	return memcmp(z->data + at, "PK", 2) || memcmp(z->data + at + 2, kind, 2) ? NULL : z->data + at;
}

static const unsigned char *find_end(const struct zip *z)
{
	size_t least = z->n > END_SIZE + COMMENT_MAX ? z->n - END_SIZE - COMMENT_MAX : 0;

	for (size_t at = z->n < END_SIZE ? 0 : z->n - END_SIZE + 1; at-- > least;)
		if (header_at(z, at, END_SIZE, "\5\6"))
			return z->data + at;
	return NULL;
}

static int inflate_all(const unsigned char *from, size_t n, struct strbuf *out, size_t size)
{
	z_stream s = { .next_in = (unsigned char *)from, .avail_in = (unsigned)n };

	strbuf_reserve(out, size + 1);
	s.next_out = (unsigned char *)out->data;
	s.avail_out = (unsigned)size + 1; /* one too many is found out */
	if (inflateInit2(&s, -MAX_WBITS) != Z_OK)
		return -1;
	int rc = inflate(&s, Z_FINISH);
	out->len = s.total_out;
	inflateEnd(&s);
	return rc == Z_STREAM_END && out->len == size ? 0 : -1;
}

/* The bytes of an entry, by its central header. */
static int take_data(const struct zip *z, const unsigned char *c, struct strbuf *out, struct err *err)
{
	size_t packed = number(c + 20, 4), size = number(c + 24, 4), at = number(c + 42, 4);
	const unsigned char *local = header_at(z, at, LOCAL_SIZE, "\3\4");
	unsigned long flags = number(c + 8, 2), method = number(c + 10, 2);

	if (flags & 1)
		return err_set(err, ERR_UNSUPPORTED, "zip archive: a file in it is encrypted");
	if (method && method != 8)
		return err_set(err, ERR_UNSUPPORTED, "zip archive: compression method %lu", method);
	at += local ? LOCAL_SIZE + number(local + 26, 2) + number(local + 28, 2) : 0;
	if (!local || at > z->n || z->n - at < packed || (!method && packed != size) || size > SIZE_MAX_ENTRY)
		return err_set(err, ERR_INVALID, "zip archive: a broken entry");
	if (!method)
		strbuf_add(out, z->data + at, size);
	else if (inflate_all(z->data + at, packed, out, size))
		return err_set(err, ERR_CORRUPT, "zip archive: broken data");
	if (crc32(0, (const unsigned char *)(size ? out->data : ""), (unsigned)size) != number(c + 16, 4))
		return err_set(err, ERR_CORRUPT, "zip archive: a wrong checksum");
	return 0;
}

static int take_entry(const struct zip *z, const unsigned char *c, const struct cli_tar_reader *to, struct err *err)
{
	AUTO_FREE char *name = xstrndup((const char *)c + CENTRAL_SIZE, number(c + 28, 2));
	struct cli_tar_entry entry = { .name = name, .type = str_ends(name, "/") ? '5' : '0', .mode = 0600, .link = (char *)"",
				       .size = number(c + 24, 4) };
	AUTO_STRBUF struct strbuf data = STRBUF_INIT;

	if (to->begin(to->context, &entry, err) || take_data(z, c, &data, err))
		return -1;
	if (data.len && to->data(to->context, data.data, data.len, err))
		return -1;
	return to->end(to->context, err);
}

bool cli_zip_is(const char *data, size_t n)
{
	return n >= 4 && (!memcmp(data, "PK\3\4", 4) || !memcmp(data, "PK\5\6", 4));
}

int cli_zip_read(const char *data, size_t n, const struct cli_tar_reader *to, struct err *err)
{
	struct zip z = { (const unsigned char *)data, n };
	const unsigned char *end = find_end(&z), *c;

	if (!end)
		return err_set(err, ERR_INVALID, "zip archive: it has no end");
	size_t at = number(end + 16, 4), packed = 0;
	for (unsigned long left = number(end + 10, 2); left > 0; left--) {
		c = header_at(&z, at, CENTRAL_SIZE, "\1\2");
		size_t rest = c ? number(c + 28, 2) + number(c + 30, 2) + number(c + 32, 2) : 0;
		/* Entries that lie over one another, for how much there is to unpack, are more than the archive. */
		packed += c ? number(c + 20, 4) : 0;
		if (!c || z.n - at - CENTRAL_SIZE < rest || packed > z.n)
			return err_set(err, ERR_INVALID, "zip archive: a broken directory");
		if (take_entry(&z, c, to, err))
			return -1;
		at += CENTRAL_SIZE + rest;
	}
	return 0;
}
