/*
 * mountinfo.c - the kernel's mount table, in which whoever may mount chooses names.
 */
#include <string.h>

#include "01-kernel/mountinfo.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_MOUNT_TABLE struct kern_mount_table t = { 0 };
	size_t lines = 1, bytes = 0;

	for (size_t i = 0; i < size; i++)
		lines += data[i] == '\n';
	kern_mount_table_parse(&t, fuzz_text(data, size));
	MUST(t.n <= lines);
	for (size_t i = 0; i < t.n; i++) {
		const struct kern_mount *m = &t.v[i];

		bytes += strlen(m->root) + strlen(m->target) + strlen(m->options) +
			 strlen(m->tags) + strlen(m->type) + strlen(m->source) + strlen(m->super);
		kern_mount_has_option(m->super, "cpu");
		MUST(*m->type);
	}
	MUST(bytes <= size);
	return 0;
}
