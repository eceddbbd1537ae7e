/*
 * config_resource_lists.c - what `linux.resources` has one of for each block
 * device, size of huge pages, RDMA device, network interface, or file of version 2.
 */
#include <string.h>

#include "config.h"
#include "property.h"

static int want_object(const json_t *item, const char *where, struct err *err)
{
	return json_is_object(item) ? 0
				    : err_set(err, ERR_INVALID, "%s: expected an object", where);
}

static int need(const json_t *obj, const char *where, const char *key, struct err *err)
{
	char path[PROPERTY_PATH_SIZE];

	if (json_object_get(obj, key) && !json_is_null(json_object_get(obj, key)))
		return 0;
	return err_set(err, ERR_INVALID, "%s: required", runc_prop_path(path, where, key));
}

/* ---- block devices ---- */

static void add_io(struct kern_cgroup_limits *l, struct kern_cgroup_io_limit limit)
{
	l->io = xrealloc(l->io, (l->n_io + 1) * sizeof limit);
	l->io[l->n_io++] = limit;
}

/* "The range is from 10 to 1000"; 0 is what some send for "not set". */
static int parse_weight(const json_t *obj, const char *where, const char *key, int64_t *out,
			struct err *err)
{
	const struct runc_range range = { 0, 1000 };
	char path[PROPERTY_PATH_SIZE];
	int64_t weight = 0;

	if (runc_prop_int(obj, where, key, range, &weight, NULL, err))
		return -1;
	if (weight && weight < 10)
		return err_set(err, ERR_INVALID, "%s: %lld is not within 10..1000",
			       runc_prop_path(path, where, key), (long long)weight);
	if (weight)
		*out = weight;
	return 0;
}

static int parse_numbers(const json_t *item, const char *where, struct kern_cgroup_io_limit *d,
			 struct err *err)
{
	const struct runc_range number = { 0, UINT32_MAX };

	return want_object(item, where, err) || need(item, where, "major", err) ||
	       need(item, where, "minor", err) ||
	       runc_prop_int(item, where, "major", number, &d->major, NULL, err) ||
	       runc_prop_int(item, where, "minor", number, &d->minor, NULL, err) ? -1 : 0;
}

static int parse_weight_device(struct kern_cgroup_limits *l, const json_t *item, const char *where,
			       struct err *err)
{
	struct kern_cgroup_io_limit d = { .kind = KERN_IO_WEIGHT };
	int64_t weight = 0, leaf = 0;

	if (parse_numbers(item, where, &d, err) ||
	    parse_weight(item, where, "weight", &weight, err) ||
	    parse_weight(item, where, "leafWeight", &leaf, err))
		return -1;
	if (!weight && !leaf)
		return err_set(err, ERR_INVALID, "%s: weight or leafWeight is required", where);
	d.value = (uint64_t)weight;
	if (weight)
		add_io(l, d);
	d.kind = KERN_IO_LEAF_WEIGHT;
	d.value = (uint64_t)leaf;
	if (leaf)
		add_io(l, d);
	return 0;
}

static int parse_throttle(struct kern_cgroup_limits *l, enum kern_cgroup_io_kind kind,
			  const json_t *item, const char *where, struct err *err)
{
	struct kern_cgroup_io_limit d = { .kind = kind };

	if (parse_numbers(item, where, &d, err) || need(item, where, "rate", err) ||
	    runc_prop_u64(item, where, "rate", &d.value, err))
		return -1;
	add_io(l, d);
	return 0;
}

static int parse_blockio(struct kern_cgroup_limits *l, const json_t *obj, const char *where,
			 struct err *err)
{
	static const struct { const char *key; enum kern_cgroup_io_kind kind; } lists[] = {
		{ "weightDevice", KERN_IO_WEIGHT },
		{ "throttleReadBpsDevice", KERN_IO_READ_BPS },
		{ "throttleWriteBpsDevice", KERN_IO_WRITE_BPS },
		{ "throttleReadIOPSDevice", KERN_IO_READ_IOPS },
		{ "throttleWriteIOPSDevice", KERN_IO_WRITE_IOPS },
	};
	char path[PROPERTY_PATH_SIZE], entry[PROPERTY_PATH_SIZE];
	json_t *io, *array, *item;
	size_t i;

	if (runc_prop_object(obj, where, "blockIO", &io, err))
		return -1;
	runc_prop_path(path, where, "blockIO");
	if (parse_weight(io, path, "weight", &l->io_weight, err) ||
	    parse_weight(io, path, "leafWeight", &l->io_leaf_weight, err))
		return -1;
	for (size_t k = 0; k < sizeof lists / sizeof *lists; k++) {
		if (runc_prop_array(io, path, lists[k].key, &array, err))
			return -1;
		json_array_foreach(array, i, item) {
			runc_prop_index(entry, path, lists[k].key, i);
			if (lists[k].kind == KERN_IO_WEIGHT ?
			    parse_weight_device(l, item, entry, err) :
			    parse_throttle(l, lists[k].kind, item, entry, err))
				return -1;
		}
	}
	return 0;
}

/* ---- huge pages ---- */

/* "2MB": part of a file's name, so nothing else will do. */
static int check_page_size(const char *size, const char *where, struct err *err)
{
	size_t digits = strspn(size, "0123456789");

	if (digits && strchr("KMG", size[digits]) && size[digits] && !strcmp(size + digits + 1, "B"))
		return 0;
	return err_set(err, ERR_INVALID, "%s.pageSize: '%s' is not a size like 64KB, 2MB or 1GB",
		       where, size);
}

static int parse_hugepages(struct kern_cgroup_limits *l, const json_t *obj, const char *where,
			   struct err *err)
{
	char path[PROPERTY_PATH_SIZE];
	json_t *array, *item;
	size_t i;

	if (runc_prop_array(obj, where, "hugepageLimits", &array, err))
		return -1;
	l->hugepages = array ? xcalloc(json_array_size(array) + 1, sizeof *l->hugepages) : NULL;
	json_array_foreach(array, i, item) {
		struct kern_cgroup_hugepage_limit *p = &l->hugepages[i];
		/* The specification says pageSize; encoding/json, which does not look at
		 * upper and lower case, made people write pagesize too. */
		const char *key = json_object_get(item, "pagesize") ? "pagesize" : "pageSize";

		runc_prop_index(path, where, "hugepageLimits", i);
		if (want_object(item, path, err) ||
		    runc_prop_need_str(item, path, key, &p->size, err) ||
		    check_page_size(p->size, path, err) || need(item, path, "limit", err) ||
		    runc_prop_u64(item, path, "limit", &p->bytes, err))
			return -1;
		l->n_hugepages++;
	}
	return 0;
}

/* ---- RDMA ---- */

static int parse_rdma(struct kern_cgroup_limits *l, const json_t *obj, const char *where,
		      struct err *err)
{
	const struct runc_range number = { 0, UINT32_MAX };
	char path[PROPERTY_PATH_SIZE], entry[PROPERTY_PATH_SIZE];
	const char *device;
	json_t *map, *item;

	if (runc_prop_object(obj, where, "rdma", &map, err))
		return -1;
	runc_prop_path(path, where, "rdma");
	l->rdma = map ? xcalloc(json_object_size(map) + 1, sizeof *l->rdma) : NULL;
	json_object_foreach(map, device, item) {
		struct kern_cgroup_rdma_limit *r = &l->rdma[l->n_rdma];

		*r = (struct kern_cgroup_rdma_limit){ device, KERN_CGROUP_UNSET,
						      KERN_CGROUP_UNSET };
		runc_prop_path(entry, path, device);
		if (want_object(item, entry, err) ||
		    runc_prop_int(item, entry, "hcaHandles", number, &r->handles, NULL, err) ||
		    runc_prop_int(item, entry, "hcaObjects", number, &r->objects, NULL, err))
			return -1;
		if (r->handles == KERN_CGROUP_UNSET && r->objects == KERN_CGROUP_UNSET)
			return err_set(err, ERR_INVALID, "%s: hcaHandles or hcaObjects is required",
				       entry);
		if (!*device || strpbrk(device, " \t\n"))
			return err_set(err, ERR_INVALID, "%s: not the name of a device", entry);
		l->n_rdma++;
	}
	return 0;
}

/* ---- network ---- */

static int parse_priority(struct kern_cgroup_net_priority *p, const json_t *item,
			  const char *where, struct err *err)
{
	const struct runc_range number = { 0, UINT32_MAX };
	int64_t priority = 0;

	if (want_object(item, where, err) ||
	    runc_prop_need_str(item, where, "name", &p->interface, err) ||
	    need(item, where, "priority", err) ||
	    runc_prop_int(item, where, "priority", number, &priority, NULL, err))
		return -1;
	p->priority = (uint32_t)priority;
	return 0;
}

static int parse_network(struct kern_cgroup_limits *l, const json_t *obj, const char *where,
			 struct err *err)
{
	const struct runc_range number = { 0, UINT32_MAX };
	char path[PROPERTY_PATH_SIZE], entry[PROPERTY_PATH_SIZE];
	json_t *network, *array, *item;
	size_t i;

	if (runc_prop_object(obj, where, "network", &network, err))
		return -1;
	runc_prop_path(path, where, "network");
	if (runc_prop_int(network, path, "classID", number, &l->net_classid, NULL, err) ||
	    runc_prop_array(network, path, "priorities", &array, err))
		return -1;
	l->net_priorities = array ? xcalloc(json_array_size(array) + 1, sizeof *l->net_priorities)
				  : NULL;
	json_array_foreach(array, i, item) {
		if (parse_priority(&l->net_priorities[i], item,
				   runc_prop_index(entry, path, "priorities", i), err))
			return -1;
		l->n_net_priorities++;
	}
	return 0;
}

/* ---- files of version 2, by name ---- */

static int parse_unified(struct kern_cgroup_limits *l, const json_t *obj, const char *where,
			 struct err *err)
{
	char path[PROPERTY_PATH_SIZE];
	const char *name;
	json_t *map, *text;

	if (runc_prop_object(obj, where, "unified", &map, err))
		return -1;
	l->unified = map ? xcalloc(json_object_size(map) + 1, sizeof *l->unified) : NULL;
	json_object_foreach(map, name, text) {
		runc_prop_path(path, where, "unified");
		if (!json_is_string(text))
			return err_set(err, ERR_INVALID, "%s[\"%s\"]: expected a string", path, name);
		if (!*name || strchr(name, '/'))
			return err_set(err, ERR_INVALID, "%s: unified resource \"%s\" must be a file "
				       "name (no slashes)", path, name);
		l->unified[l->n_unified++] = (struct kern_cgroup_file){ name,
									json_string_value(text) };
	}
	return 0;
}

int runc_config_resource_lists(struct kern_cgroup_limits *l, const json_t *obj, const char *where,
			       struct err *err)
{
	return parse_blockio(l, obj, where, err) || parse_hugepages(l, obj, where, err) ||
	       parse_rdma(l, obj, where, err) || parse_network(l, obj, where, err) ||
	       parse_unified(l, obj, where, err) ? -1 : 0;
}
