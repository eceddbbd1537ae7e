/*
 * reference.c - the name of an image, as users type it and as registries have it (reference_parse). What
 * is taken can be written out in full, and that means the same.
 */
#include <string.h>

#include "01-kernel/base/strbuf.h"
#include "03-containerd/reference.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_FREE char *text = fuzz_text(data, size), *full = NULL, *again = NULL;
	struct reference ref, same;
	struct err err;

	if (reference_parse(text, &ref, &err)) {
		MUST(err.kind && *err.msg);
		return 0;
	}
	MUST(*ref.domain && *ref.path && (*ref.tag || *ref.digest));
	MUST(!strstr(ref.path, "..") && *ref.path != '/'); /* it becomes part of a URL */
	full = reference_full(&ref);
	MUST(!reference_parse(full, &same, &err));
	again = reference_full(&same);
	MUST(!strcmp(full, again));
	return 0;
}
