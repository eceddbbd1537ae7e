/*
 * registry.c - what a registry's clients send that is not a blob: names and tags, which become paths; ranges;
 * credentials and tokens; manifests.
 *
 * The input: a byte that says which, then the text.
 */
#include <string.h>

#include "01-kernel/base/strbuf.h"
#include "01-kernel/base/base64.h"
#include "06-registry/manifest.h"
#include "06-registry/names.h"
#include "06-registry/range.h"
#include "06-registry/tokens.h"
#include "fuzz.h"

/* What is a name leads to a directory below repositories/, of its own, and back. */
static void fuzz_name(const char *text)
{
	AUTO_FREE char *dir = NULL, *back = NULL;

	if (!reg_name_valid(text))
		return;
	MUST(strlen(text) <= REG_NAME_MAX && *text != '/' && *text != '.');
	MUST(!strstr(text, "//") && !strstr(text, "..") && !strstr(text, "/."));
	dir = reg_dir_of_name(text);
	MUST(!strstr(dir, "..") && !strstr(dir, "/_") && *dir != '_');
	back = reg_name_of_dir(dir);
	MUST(back && !strcmp(back, text));
}

static void fuzz_tag(const char *text)
{
	if (reg_tag_valid(text))
		MUST(!strpbrk(text, "/:%\"\\\r\n") && *text != '.' && strlen(text) <= REG_TAG_MAX);
	if (reg_uuid_valid(text))
		MUST(!strpbrk(text, "/."));
}

static void fuzz_range(const char *text)
{
	const uint64_t size = strlen(text) * 1000;
	struct reg_range r = { 0, 0 };

	if (reg_range_parse(text, size, &r) == REG_RANGE_PART)
		MUST(r.count && r.first < size && r.count <= size - r.first);
	if (reg_chunk_parse(text, &r))
		MUST(r.count && r.first + r.count > r.first);
}

static void fuzz_credentials(const char *text)
{
	static const struct reg_tokens keys;
	size_t n, m;
	AUTO_FREE char *plain = base64_decode(text, strlen(text), &n);
	AUTO_FREE char *code = plain ? base64_encode_url(plain, n) : NULL;
	AUTO_FREE char *again = code ? base64_decode(code, strlen(code), &m) : NULL;
	struct err err;

	MUST(!plain || (again && m == n && !memcmp(again, plain, n)));
	MUST(!reg_token_read(&keys, REG_FOR_ACCESS, text, &err)); /* nobody guesses a signature */
	MUST(err.kind == ERR_UNAUTHORIZED && *err.msg);
}

static int check_part(void *arg, const struct reg_part *part, struct err *err)
{
	(void)arg, (void)err;
	MUST(part->media_type && digest_known(part->digest)); /* it becomes a path */
	return 0;
}

static void fuzz_manifest(const char *text)
{
	struct reg_manifest m;
	struct err err;

	if (reg_manifest_parse(text, strlen(text), NULL, &m, &err)) {
		MUST(err.kind && *err.msg && !m.doc);
		return;
	}
	MUST(m.type && (!m.subject || digest_known(m.subject)));
	MUST(!reg_manifest_each(&m, check_part, NULL, &err));
	reg_manifest_free(&m);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const targets[])(const char *) = { fuzz_manifest, fuzz_name, fuzz_tag, fuzz_range,
							 fuzz_credentials };
	AUTO_FREE char *text = size ? fuzz_text(data + 1, size - 1) : NULL;

	if (text)
		targets[data[0] % (sizeof targets / sizeof *targets)](text);
	return 0;
}
