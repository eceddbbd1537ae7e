/*
 * document.c - jansson and numbers above 2^63 (runc_config_read).
 *
 * Docker writes "no limit" as 2^64-1, which jansson refuses. The runtime puts such
 * numbers in quotes first. That must not change what jansson can read by itself, but for
 * NUL bytes, which it takes for blanks and we refuse.
 */
#include <fcntl.h>
#include <string.h>

#include "02-runc/config.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char path[] = FUZZ_DIR "/document";
	AUTO_JSON json_t *plain = NULL, *ours = NULL;
	struct err err = { .msg = "" }, ignored;

	fuzz_file(path, data, size);
	plain = jsonx_parse((const char *)data, size, "document", &ignored);
	ours = runc_config_read(AT_FDCWD, path, NULL, &err);
	MUST(ours || (err.kind != ERR_NONE && *err.msg));
	if (memchr(data, '\0', size))
		MUST(!ours);
	else if (plain)
		MUST(ours && json_equal(plain, ours));
	return 0;
}
