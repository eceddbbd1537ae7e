/*
 * update.c - `update`: its options, and the document of --resources.
 *
 * The input: a line per option, an empty line, the document; without a document it is
 * the options that count. The container is this process, in a group that does not
 * exist, so that nothing is ever limited.
 */
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "01-kernel/ns.h"
#include "02-runc/cmd.h"
#include "fuzz.h"

#define ROOT FUZZ_DIR "/root"
#define DOCUMENT FUZZ_DIR "/resources.json"
#define MAX_ARGS 64

void fuzz_begin(void)
{
	static const char kept[] = "{\"linux\": {\"resources\": {\"memory\": {\"limit\": 1048576}, "
		"\"cpu\": {\"quota\": 5000}, \"blockIO\": {\"throttleReadBpsDevice\": "
		"[{\"major\": 8, \"minor\": 0, \"rate\": 1}, null]}}}}";
	AUTO_STATE struct runc_state st = RUNC_STATE_INIT;
	struct err err;

	mkdir(ROOT, 0755);
	MUST(!runc_state_take(&st, ROOT, "fuzz", &err));
	st.bundle = xstrdup("/b");
	st.rootfs = xstrdup("/b/rootfs");
	st.created = xstrdup("2026-01-01T00:00:00Z");
	st.version = xstrdup("1.0.2");
	st.cgroup = xstrdup("/dockyard-fuzz-no-such-group");
	st.pid = getpid();
	MUST(!kern_proc_start_time(st.pid, &st.start_time, NULL, &err));
	MUST(!runc_state_save(&st, &err));
	fuzz_file(ROOT "/fuzz/config.json", kept, strlen(kept));
}

/* No document but ours: --resources could name any file. */
static int without_resources(char **v, int n)
{
	int kept = 0;

	for (int i = 0; i < n; i++)
		if (strncmp(v[i], "-r", 2) && strncmp(v[i], "--r", 3))
			v[kept++] = v[i];
	return kept;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct runc_global global = { .root = ROOT };
	AUTO_FREE char *text = fuzz_text(data, size);
	char *argv[MAX_ARGS + 4] = { "update" }, *doc;
	struct err err = { .msg = "" };
	int n;

	doc = fuzz_lines(text, argv + 1, MAX_ARGS, &n);
	n = 1 + without_resources(argv + 1, n);
	if (*doc) {
		argv[n++] = "--resources";
		argv[n++] = DOCUMENT;
	}
	argv[n++] = "fuzz";
	fuzz_file(DOCUMENT, doc, strlen(doc));
	if (runc_cmd_update(&global, n - 1, argv + 1, &err))
		MUST(err.kind != ERR_NONE && *err.msg);
	return 0;
}
