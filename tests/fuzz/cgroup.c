/*
 * cgroup.c - files of a group, in whatever shape this or a later kernel gives them.
 *
 * The input: a line with a key, an empty line, the file.
 */
#include <string.h>
#include <sys/stat.h>

#include "01-kernel/cgroup_private.h"
#include "fuzz.h"

#define GROUP FUZZ_DIR "/group"

void fuzz_begin(void)
{
	mkdir(GROUP, 0755);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_FREE char *text = fuzz_text(data, size);
	AUTO_FREE pid_t *pids = NULL;
	struct kern_cgroup group = {
		.path = "/fuzz", .dir_fd = -1,
		.layout = { .version = KERN_CGROUP_V2, .n = 1,
			    .h = { { .dir = GROUP, .mount = GROUP, .controllers = "", .v2 = true } } },
	};
	char *key[2], *file;
	struct err err;
	size_t n_pids;
	int n;

	file = fuzz_lines(text, key, 2, &n);
	fuzz_file(GROUP "/cgroup.procs", file, strlen(file));
	fuzz_file(GROUP "/cgroup.freeze", file, strlen(file));
	fuzz_file(GROUP "/cgroup.events", file, strlen(file));
	cgroup_number(GROUP, "cgroup.procs");
	cgroup_key(GROUP, "cgroup.procs", n ? key[0] : "");
	cgroup_wait_for(GROUP, "cgroup.events", "frozen 1", 0, &err);
	kern_cgroup_frozen(&group);
	MUST(!kern_cgroup_pids(&group, &pids, &n_pids, &err));
	for (size_t i = 0; i < n_pids; i++)
		MUST(pids[i] > 0);
	return 0;
}
