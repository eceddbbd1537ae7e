/*
 * names.c - the grammars of the distribution specification, by hand.
 *
 *     name       component ("/" component)*, shorter than 256
 *     component  [a-z0-9]+ ( ("." | "_" | "__" | "-"+) [a-z0-9]+ )*
 *     tag        [a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}
 *
 * So no component is empty, "." or "..", begins with a dot or an underscore,
 * or ends with a separator. The store lives by that: what it keeps beside the
 * nested repositories in a repository's directory begins with an underscore,
 * and the three names that the OCI image layout itself takes there (blobs,
 * index.json, oci-layout), which are components too, get an underscore at their
 * end when a repository is called so:
 *
 *     a/blobs   lives in   repositories/a/blobs_
 */
#include "names.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "03-containerd/content.h"
#include "errors.h"

static bool is_alnum(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

/* The length of one separator at s, 0 if there is none. */
static size_t separator(const char *s)
{
	if (*s == '-')
		return strspn(s, "-");
	if (*s == '_')
		return s[1] == '_' ? 2 : 1;
	return *s == '.';
}

/* One component: its length, 0 if s begins with none. */
static size_t component(const char *s)
{
	size_t n = 0;

	for (;;) {
		if (!is_alnum(s[n]))
			return 0;
		while (is_alnum(s[n]))
			n++;
		if (!s[n] || s[n] == '/')
			return n;
		if (!separator(s + n))
			return 0;
		n += separator(s + n);
	}
}

bool reg_name_valid(const char *name)
{
	if (strlen(name) > REG_NAME_MAX)
		return false;
	for (;;) {
		size_t n = component(name);

		if (!n)
			return false;
		if (!name[n])
			return true;
		name += n + 1;
	}
}

bool reg_tag_valid(const char *tag)
{
	static const char word[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";
	static const char any[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-";
	size_t n = strlen(tag);

	return n > 0 && n <= REG_TAG_MAX && strspn(tag, word) > 0 && strspn(tag, any) == n;
}

/* RFC 9562, version 4, in lower case. */
void reg_uuid_new(char out[REG_UUID_SIZE])
{
	uint8_t b[16];

	/* getrandom(2): up to 256 bytes neither fail nor come short, but for a signal
	 * while the kernel still gathers its first entropy. */
	while (getrandom(b, sizeof(b), 0) != sizeof(b))
		continue;
	b[6] = (uint8_t)((b[6] & 0x0f) | 0x40);
	b[8] = (uint8_t)((b[8] & 0x3f) | 0x80);
	snprintf(out, REG_UUID_SIZE,
		 "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", b[0], b[1],
		 b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13], b[14],
		 b[15]);
}

bool reg_uuid_valid(const char *uuid)
{
	return strlen(uuid) == REG_UUID_SIZE - 1 &&
	       strspn(uuid, "0123456789abcdef-") == REG_UUID_SIZE - 1;
}

int reg_name_check(const char *name, struct err *err)
{
	if (name && reg_name_valid(name))
		return 0;
	return reg_refuse(err, REG_NAME_INVALID,
			  "\"%.300s\" is not a repository name (lower-case letters and digits, "
			  "separated by . _ __ - /, at most %d characters)",
			  name ? name : "", REG_NAME_MAX);
}

int reg_digest_check(const char *digest, struct err *err)
{
	if (digest && digest_known(digest))
		return 0;
	return reg_refuse(err, REG_DIGEST_INVALID,
			  "\"%.200s\" is not a digest (sha256: and 64 lower-case hex digits, or sha512: "
			  "and 128)", digest ? digest : "");
}

static bool taken_by_layout(const char *s, size_t n)
{
	static const char *const names[] = { "blobs", "index.json", "oci-layout" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strlen(names[i]) == n && !memcmp(s, names[i], n))
			return true;
	return false;
}

char *reg_dir_of_name(const char *name)
{
	struct strbuf dir = STRBUF_INIT;

	while (*name) {
		size_t n = strcspn(name, "/");

		strbuf_add(&dir, name, n);
		if (taken_by_layout(name, n))
			strbuf_addc(&dir, '_');
		name += n;
		if (*name)
			strbuf_addc(&dir, *name++);
	}
	return strbuf_steal(&dir);
}

char *reg_name_of_dir(const char *dir)
{
	AUTO_STRBUF struct strbuf name = STRBUF_INIT;

	while (*dir) {
		size_t n = strcspn(dir, "/");
		size_t keep = n && dir[n - 1] == '_' && taken_by_layout(dir, n - 1) ? n - 1 : n;

		if (keep == n && taken_by_layout(dir, n))
			return NULL;
		strbuf_add(&name, dir, keep);
		dir += n;
		if (*dir)
			strbuf_addc(&name, *dir++);
	}
	return reg_name_valid(name.data ? name.data : "") ? strbuf_steal(&name) : NULL;
}

char *reg_path_of_digest(const char *dir, const char *digest)
{
	int algorithm = (int)strcspn(digest, ":");

	return xasprintf("%s/%.*s/%s", dir, algorithm, digest, digest + algorithm + 1);
}
