/*
 * tar_write.c - see tar_write.h. libtar knows the header's layout and its checksum.
 */
#include "tar_write.h"

#include <errno.h>
#include <libtar.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <tar.h>
#include <unistd.h>

#include "01-kernel/base/strbuf.h"

#define PAX_TYPE 'x'
#define COPY_BLOCK (128u << 10)
#define OCTAL_MAX_8 07777777u            /* seven digits and a NUL */
#define OCTAL_MAX_12 077777777777LL      /* eleven */

static int put(const struct ctrd_sink *out, const void *buf, size_t n, struct err *err)
{
	return n ? out->write(out->state, buf, n, err) : 0;
}

/* --- pax records ---------------------------------------------------------------------- */

/* "<length> key=value\n", where the length counts its own digits too. */
static void record(struct strbuf *sb, const char *key, const char *value, size_t size)
{
	size_t body = strlen(key) + size + 3, len = body + 1;
	char digits[24];

	while ((size_t)snprintf(digits, sizeof(digits), "%zu", len) + body > len)
		len++;
	strbuf_addf(sb, "%zu %s=", len, key);
	strbuf_add(sb, value, size);
	strbuf_addc(sb, '\n');
}

static void record_text(struct strbuf *sb, const char *key, const char *value)
{
	record(sb, key, value, strlen(value));
}

static void record_number(struct strbuf *sb, const char *key, uint64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "%llu", (unsigned long long)value);
	record_text(sb, key, text);
}

/* Seconds before 1970 count down, their fraction counts up: -2 s and 0.25 s are "-1.75". */
static void record_time(struct strbuf *sb, const struct timespec *t)
{
	bool negative = t->tv_sec < 0;
	bool borrow = negative && t->tv_nsec;
	long long seconds = negative ? -(long long)t->tv_sec - borrow : (long long)t->tv_sec;
	long ns = borrow ? 1000000000 - t->tv_nsec : t->tv_nsec;
	char text[48];
	size_t n = (size_t)snprintf(text, sizeof(text), "%s%lld.%09ld", negative ? "-" : "",
				    seconds, ns);

	while (text[n - 1] == '0')
		n--;
	n -= text[n - 1] == '.';
	record(sb, "mtime", text, n);
}

/* --- the header ------------------------------------------------------------------------ */

static void octal(char *field, size_t width, uint64_t value)
{
	char text[32];

	snprintf(text, sizeof(text), "%0*llo", (int)width - 1, (unsigned long long)value);
	memcpy(field, text, width);
}

/* A path of up to 100 bytes, or of two parts that a slash divides, of 155 and 100. */
static bool set_path(struct tar_header *h, const char *path)
{
	size_t n = strlen(path);
	const char *slash;

	if (n <= sizeof(h->name)) {
		memcpy(h->name, path, n);
		return true;
	}
	for (slash = path + n - 1 - sizeof(h->name); *slash && *slash != '/';)
		slash++;
	if (*slash && slash[1] && (size_t)(slash - path) <= sizeof(h->prefix)) {
		memcpy(h->prefix, path, (size_t)(slash - path));
		memcpy(h->name, slash + 1, n - (size_t)(slash + 1 - path));
		return true;
	}
	memcpy(h->name, path, sizeof(h->name)); /* for readers that know no better */
	return false;
}

static void set_numbers(struct tar_header *h, const struct ctrd_tar_entry *e, struct strbuf *pax)
{
	bool whole = !e->mtime.tv_nsec && e->mtime.tv_sec >= 0 && e->mtime.tv_sec <= OCTAL_MAX_12;
	bool device = e->type == CHRTYPE || e->type == BLKTYPE;

	octal(h->mode, sizeof(h->mode), e->mode & 07777);
	octal(h->uid, sizeof(h->uid), e->uid <= OCTAL_MAX_8 ? e->uid : 0);
	octal(h->gid, sizeof(h->gid), e->gid <= OCTAL_MAX_8 ? e->gid : 0);
	octal(h->size, sizeof(h->size), e->size <= OCTAL_MAX_12 ? e->size : 0);
	octal(h->mtime, sizeof(h->mtime),
	      e->mtime.tv_sec < 0 || e->mtime.tv_sec > OCTAL_MAX_12 ? 0 : (uint64_t)e->mtime.tv_sec);
	octal(h->devmajor, sizeof(h->devmajor), device ? e->major : 0);
	octal(h->devminor, sizeof(h->devminor), device ? e->minor : 0);
	if (e->uid > OCTAL_MAX_8)
		record_number(pax, "uid", e->uid);
	if (e->gid > OCTAL_MAX_8)
		record_number(pax, "gid", e->gid);
	if (e->size > OCTAL_MAX_12)
		record_number(pax, "size", e->size);
	if (!whole)
		record_time(pax, &e->mtime);
}

static void seal(TAR *t, char type)
{
	char sum[8];

	t->th_buf.typeflag = type;
	memcpy(t->th_buf.magic, TMAGIC, TMAGLEN);
	memcpy(t->th_buf.version, TVERSION, TVERSLEN);
	memset(t->th_buf.chksum, ' ', sizeof(t->th_buf.chksum));
	snprintf(sum, sizeof(sum), "%06o", (unsigned)th_crc_calc(t) & 0777777);
	memcpy(t->th_buf.chksum, sum, 7); /* six digits and a NUL; the blank stays */
}

static int write_pax(const struct ctrd_sink *out, const struct strbuf *pax, struct err *err)
{
	TAR t = { 0 };

	strcpy(t.th_buf.name, "PaxHeaders/entry");
	octal(t.th_buf.mode, sizeof(t.th_buf.mode), 0644);
	octal(t.th_buf.uid, sizeof(t.th_buf.uid), 0);
	octal(t.th_buf.gid, sizeof(t.th_buf.gid), 0);
	octal(t.th_buf.size, sizeof(t.th_buf.size), pax->len);
	octal(t.th_buf.mtime, sizeof(t.th_buf.mtime), 0);
	seal(&t, PAX_TYPE);
	return put(out, &t.th_buf, T_BLOCKSIZE, err) || put(out, pax->data, pax->len, err) ||
	       ctrd_tar_pad(out, pax->len, err) ? -1 : 0;
}

int ctrd_tar_header(const struct ctrd_sink *out, const struct ctrd_tar_entry *e, struct err *err)
{
	AUTO_STRBUF struct strbuf pax = STRBUF_INIT;
	size_t link = e->link ? strlen(e->link) : 0;
	TAR t = { 0 };

	if (!set_path(&t.th_buf, e->path))
		record_text(&pax, "path", e->path);
	if (link <= sizeof(t.th_buf.linkname))
		memcpy(t.th_buf.linkname, e->link ? e->link : "", link);
	else
		record_text(&pax, "linkpath", e->link);
	set_numbers(&t.th_buf, e, &pax);
	for (size_t i = 0; i < e->n_xattrs; i++) {
		AUTO_FREE char *key = xasprintf("SCHILY.xattr.%s", e->xattrs[i].name);

		record(&pax, key, e->xattrs[i].value, e->xattrs[i].size);
	}
	seal(&t, e->type);
	if (pax.len && write_pax(out, &pax, err))
		return -1;
	return put(out, &t.th_buf, T_BLOCKSIZE, err);
}

/* --- data -------------------------------------------------------------------------------- */

int ctrd_tar_pad(const struct ctrd_sink *out, uint64_t size, struct err *err)
{
	static const char zeros[T_BLOCKSIZE];
	size_t over = size % T_BLOCKSIZE;

	return over ? put(out, zeros, T_BLOCKSIZE - over, err) : 0;
}

int ctrd_tar_file(const struct ctrd_sink *out, const char *path, const void *data, size_t n,
		  struct err *err)
{
	struct ctrd_tar_entry e = { .type = REGTYPE, .path = path, .mode = 0644, .size = n };

	return ctrd_tar_header(out, &e, err) || put(out, data, n, err) ||
	       ctrd_tar_pad(out, n, err) ? -1 : 0;
}

int ctrd_tar_data(const struct ctrd_sink *out, int fd, uint64_t size, struct err *err)
{
	AUTO_FREE char *buf = xmalloc(COPY_BLOCK);
	bool ended = false;

	for (uint64_t left = size; left;) {
		size_t want = left < COPY_BLOCK ? (size_t)left : COPY_BLOCK;
		ssize_t n = ended ? 0 : read(fd, buf, want);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(err, "read");
		if (!n) {
			ended = true;
			memset(buf, 0, want);
			n = (ssize_t)want;
		}
		if (put(out, buf, (size_t)n, err))
			return -1;
		left -= (uint64_t)n;
	}
	return ctrd_tar_pad(out, size, err);
}

int ctrd_tar_end(const struct ctrd_sink *out, struct err *err)
{
	static const char zeros[2 * T_BLOCKSIZE];

	return put(out, zeros, sizeof(zeros), err);
}
