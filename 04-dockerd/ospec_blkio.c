/*
 * ospec_blkio.c - HostConfig.Blkio*: shares and throttles of block devices, which Docker
 * names by path and the OCI by number (ospec.h; config-linux.md, "Block IO").
 */
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "01-kernel/base/jsonx.h"
#include "ospec.h"

static const struct {
	const char *key, *value, *oci;
} lists[] = {
	{ "BlkioWeightDevice", "Weight", "weightDevice" },
	{ "BlkioDeviceReadBps", "Rate", "throttleReadBpsDevice" },
	{ "BlkioDeviceWriteBps", "Rate", "throttleWriteBpsDevice" },
	{ "BlkioDeviceReadIOps", "Rate", "throttleReadIOPSDevice" },
	{ "BlkioDeviceWriteIOps", "Rate", "throttleWriteIOPSDevice" },
};
enum { N_LISTS = sizeof lists / sizeof *lists };

static int check_weight(json_int_t weight, const char *of, const char *path, struct err *err)
{
	if (weight && (weight < 10 || weight > 1000))
		return err_set(err, ERR_INVALID,
			       "Range of blkio weight%s is from 10 to 1000%s%s", of,
			       *path ? ": " : "", path);
	return 0;
}

int dockerd_blkio_check(const json_t *host, struct err *err)
{
	if (check_weight(jsonx_int(host, "BlkioWeight", 0), "", "", err))
		return -1;
	for (size_t l = 0; l < N_LISTS; l++) {
		json_t *list = json_object_get(host, lists[l].key), *v;
		size_t i;

		json_array_foreach(list, i, v) {
			const char *path = jsonx_str(v, "Path", "");

			if (*path != '/')
				return err_set(err, ERR_INVALID, "bad format for device path: %s",
					       path);
			if (jsonx_int(v, lists[l].value, 0) < 0)
				return err_set(err, ERR_INVALID,
					       "HostConfig.%s: expected 0 or more", lists[l].key);
			if (l == 0 &&
			    check_weight(jsonx_int(v, "Weight", 0), " device", path, err))
				return -1;
		}
	}
	return 0;
}

/* {"Path":"/dev/sda","Rate":1} -> {"major":8,"minor":0,"rate":1}. */
static json_t *entry(const json_t *given, bool weight, struct err *err)
{
	const char *path = jsonx_str(given, "Path", "");
	struct stat st;

	if (stat(path, &st)) {
		err_sys(err, "stat %s", path);
		return NULL;
	}
	if (!S_ISBLK(st.st_mode)) {
		err_set(err, ERR_INVALID, "%s is not a block device", path);
		return NULL;
	}
	return json_pack("{s:i, s:i, s:I}", "major", (int)major(st.st_rdev), "minor",
			 (int)minor(st.st_rdev), weight ? "weight" : "rate",
			 jsonx_int(given, weight ? "Weight" : "Rate", 0));
}

int dockerd_spec_blkio(const json_t *host, json_t *resources, struct err *err)
{
	AUTO_JSON json_t *io = json_object();

	if (jsonx_int(host, "BlkioWeight", 0))
		json_object_set(io, "weight", json_object_get(host, "BlkioWeight"));
	for (size_t l = 0; l < N_LISTS; l++) {
		json_t *list = json_object_get(host, lists[l].key), *out, *v, *e;
		size_t i;

		if (!json_array_size(list))
			continue;
		json_object_set_new(io, lists[l].oci, out = json_array());
		json_array_foreach(list, i, v) {
			e = entry(v, l == 0, err);
			if (!e)
				return -1;
			json_array_append_new(out, e);
		}
	}
	if (json_object_size(io))
		json_object_set(resources, "blockIO", io);
	return 0;
}
