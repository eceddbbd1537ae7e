/*
 * state.c - state.json, and what `state` and `list` make of it.
 *
 * The file is the runtime's own, but a machine that lost power, or another version,
 * may have left it. What is accepted is saved and read again unchanged, is about the
 * container that was asked for, and is printed as JSON.
 */
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "01-kernel/base/file.h"
#include "02-runc/cmd.h"
#include "fuzz.h"

#define ROOT FUZZ_DIR "/root"

static const struct runc_global global = { .root = ROOT };

void fuzz_begin(void)
{
	mkdir(ROOT, 0755);
	mkdir(ROOT "/fuzz", 0755);
	dup2(memfd_create("stdout", 0), STDOUT_FILENO);
}

/* Run a command and read back what it printed. New; NULL if it is no JSON. */
static json_t *printed(runc_cmd *cmd, int argc, char **argv)
{
	AUTO_STRBUF struct strbuf sb = STRBUF_INIT;
	struct err err;

	(void)!ftruncate(STDOUT_FILENO, 0);
	lseek(STDOUT_FILENO, 0, SEEK_SET);
	MUST(!cmd(&global, argc, argv, &err));
	fflush(stdout);
	lseek(STDOUT_FILENO, 0, SEEK_SET);
	file_read_fd(STDOUT_FILENO, &sb, SIZE_MAX, &err);
	return json_loadb(sb.data, sb.len, JSON_REJECT_DUPLICATES, NULL);
}

static void commands(const struct runc_state *st)
{
	char *state[] = { "state", "fuzz", NULL }, *list[] = { "list", "-f", "json", NULL };
	char *table[] = { "list", NULL };
	AUTO_JSON json_t *one = printed(runc_cmd_state, 1, state + 1);
	AUTO_JSON json_t *all = printed(runc_cmd_list, 2, list + 1);
	AUTO_JSON json_t *no_json = printed(runc_cmd_list, 0, table + 1);

	MUST(!strcmp(jsonx_str(one, "id", ""), "fuzz"));
	MUST(!strcmp(jsonx_str(one, "bundle", ""), st->bundle));
	MUST(json_array_size(all) == 1);
	MUST(!strcmp(jsonx_str(json_array_get(all, 0), "rootfs", ""), st->rootfs));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_STATE struct runc_state st = RUNC_STATE_INIT, again = RUNC_STATE_INIT;
	struct err err = { .msg = "" };

	fuzz_file(ROOT "/fuzz/state.json", data, size);
	if (runc_state_load(&st, ROOT, "fuzz", &err)) {
		MUST(err.kind != ERR_NONE && *err.msg);
		return 0;
	}
	MUST(!strcmp(st.id, "fuzz") && st.pid >= 0);
	MUST(!runc_state_save(&st, &err));
	MUST(!runc_state_load(&again, ROOT, "fuzz", &err));
	MUST(again.pid == st.pid && again.start_time == st.start_time);
	MUST(!strcmp(again.cgroup, st.cgroup) && !strcmp(again.created, st.created));
	MUST(st.annotations ? json_equal(st.annotations, again.annotations) : !again.annotations);
	commands(&st);
	return 0;
}
