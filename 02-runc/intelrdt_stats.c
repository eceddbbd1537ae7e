/*
 * intelrdt_stats.c - what resctrl counts and knows, as `events` tells it. The names
 * are those that runc prints ("intel_rdt" in its types/events).
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "01-kernel/base/file.h"
#include "intelrdt.h"

/* A file's content without the newline at its end; NULL if it cannot be read. */
static char *read_line(const char *dir, const char *file)
{
	AUTO_FREE char *path = xasprintf("%s/%s", dir, file);
	struct strbuf sb = STRBUF_INIT;
	struct err ignored;

	if (file_read(AT_FDCWD, path, &sb, 1 << 20, &ignored)) {
		strbuf_free(&sb);
		return NULL;
	}
	while (sb.len && sb.data[sb.len - 1] == '\n')
		sb.data[--sb.len] = '\0';
	return strbuf_steal(&sb);
}

static void add_number(json_t *to, const char *key, const char *dir)
{
	AUTO_FREE char *text = read_line(dir, key);

	if (text)
		json_object_set_new(to, key, json_integer(strtoll(text, NULL, 10)));
}

/* The line about a resource, without its padding. */
static void add_schema(json_t *to, const char *key, const char *group, const char *resource)
{
	AUTO_FREE char *text = read_line(group, "schemata");
	char *save = NULL;

	for (char *line = text ? strtok_r(text, "\n", &save) : NULL; line;
	     line = strtok_r(NULL, "\n", &save)) {
		line += strspn(line, " ");
		if (str_starts(line, resource))
			json_object_set_new(to, key, json_string(line));
	}
}

/* info/L3 or info/MB: what the hardware can do. */
static void add_info(json_t *to, const char *key, const char *root, const char *sub,
		     const char *const *numbers)
{
	AUTO_FREE char *dir = xasprintf("%s/info/%s", root, sub);
	AUTO_FREE char *mask = read_line(dir, "cbm_mask");
	json_t *info;

	if (access(dir, F_OK))
		return;
	info = json_object();
	if (mask)
		json_object_set_new(info, "cbm_mask", json_string(mask));
	for (; *numbers; numbers++)
		add_number(info, *numbers, dir);
	json_object_set_new(to, key, info);
}

/* One entry per cache, from the directories of mon_data. */
static void add_counters(json_t *to, const char *group)
{
	AUTO_FREE char *data = xasprintf("%s/mon_data", group);
	AUTO_CLOSEDIR DIR *d = opendir(data);
	json_t *bandwidth = json_array(), *occupancy = json_array();
	struct dirent *e;

	while (d && (e = readdir(d))) {
		AUTO_FREE char *dir = xasprintf("%s/%s", data, e->d_name);
		json_t *mbm = json_object(), *cmt = json_object();

		if (e->d_name[0] != '.') {
			add_number(mbm, "mbm_total_bytes", dir);
			add_number(mbm, "mbm_local_bytes", dir);
			add_number(cmt, "llc_occupancy", dir);
		}
		if (json_object_size(mbm))
			json_array_append(bandwidth, mbm);
		if (json_object_size(cmt))
			json_array_append(occupancy, cmt);
		json_decref(mbm);
		json_decref(cmt);
	}
	if (json_array_size(bandwidth))
		json_object_set(to, "mbm_stats", bandwidth);
	if (json_array_size(occupancy))
		json_object_set(to, "cmt_stats", occupancy);
	json_decref(bandwidth);
	json_decref(occupancy);
}

json_t *runc_rdt_stats(int state_dir)
{
	static const char *const l3[] = { "min_cbm_bits", "num_closids", NULL };
	static const char *const mb[] = { "bandwidth_gran", "delay_linear", "min_bandwidth",
					  "num_closids", NULL };
	AUTO_JSON json_t *note = runc_rdt_note(state_dir);
	const char *root = jsonx_str(note, "root", ""), *group = jsonx_str(note, "group", "");
	json_t *doc;

	if (!note)
		return NULL;
	doc = json_object();
	add_info(doc, "l3_cache_info", root, "L3", l3);
	add_schema(doc, "l3_cache_schema_root", root, "L3");
	add_schema(doc, "l3_cache_schema", group, "L3");
	add_info(doc, "mem_bw_info", root, "MB", mb);
	add_schema(doc, "mem_bw_schema_root", root, "MB");
	add_schema(doc, "mem_bw_schema", group, "MB");
	add_counters(doc, jsonx_str(note, "monitor", group));
	return doc;
}
