/*
 * cgroup_io.c - how much of the block devices.
 *
 * A weight is a share while others wait too, and exists only where a scheduler
 * that knows weights is at work: BFQ, or on version 2 also the cost model behind
 * io.weight. A throttle is a ceiling, and always there.
 */
#include <errno.h>

#include "cgroup_private.h"

bool cgroup_io_wanted(const struct kern_cgroup_limits *l)
{
	return cgroup_wanted(l->io_weight) || cgroup_wanted(l->io_leaf_weight) || l->n_io;
}

int cgroup_io_check(const struct kern_cgroup_limits *l, bool v2, struct err *err)
{
	bool leaf = cgroup_wanted(l->io_leaf_weight);

	for (size_t i = 0; i < l->n_io; i++)
		leaf |= l->io[i].kind == KERN_IO_LEAF_WEIGHT;
	return v2 && leaf ? err_set(err, ERR_UNSUPPORTED, "a leaf weight cannot be set on cgroup v2")
			  : 0;
}

/* The first of the files that there is. */
static int write_one_of(const char *dir, const char *const *files, const char *text,
			struct err *err)
{
	for (; *files; files++)
		if (!cgroup_write(dir, *files, text, err))
			return 0;
		else if (err->errnum != ENOENT)
			break;
	return -1;
}

/* ---- version 1 ---- */

/* The names without "bfq" were those of CFQ, which Linux 5.0 removed. */
static const char *const weight_v1[] = { "blkio.weight", "blkio.bfq.weight", NULL };
static const char *const leaf_v1[] = { "blkio.leaf_weight", NULL };
static const char *const device_v1[KERN_IO_KINDS][3] = {
	[KERN_IO_WEIGHT] = { "blkio.weight_device", "blkio.bfq.weight_device" },
	[KERN_IO_LEAF_WEIGHT] = { "blkio.leaf_weight_device" },
	[KERN_IO_READ_BPS] = { "blkio.throttle.read_bps_device" },
	[KERN_IO_WRITE_BPS] = { "blkio.throttle.write_bps_device" },
	[KERN_IO_READ_IOPS] = { "blkio.throttle.read_iops_device" },
	[KERN_IO_WRITE_IOPS] = { "blkio.throttle.write_iops_device" },
};

int cgroup_io_v1(const char *dir, const struct kern_cgroup_limits *l, struct err *err)
{
	AUTO_FREE char *weight = xasprintf("%lld", (long long)l->io_weight);
	AUTO_FREE char *leaf = xasprintf("%lld", (long long)l->io_leaf_weight);

	if (cgroup_wanted(l->io_weight) && write_one_of(dir, weight_v1, weight, err))
		return -1;
	if (cgroup_wanted(l->io_leaf_weight) && write_one_of(dir, leaf_v1, leaf, err))
		return -1;
	for (size_t i = 0; i < l->n_io; i++) {
		const struct kern_cgroup_io_limit *d = &l->io[i];
		AUTO_FREE char *text = xasprintf("%lld:%lld %llu", (long long)d->major,
						 (long long)d->minor, (unsigned long long)d->value);

		if (write_one_of(dir, device_v1[d->kind], text, err))
			return -1;
	}
	return 0;
}

/* ---- version 2 ---- */

/* 10..1000 stretched to 1..10000. */
int64_t kern_cgroup_io_weight(int64_t weight)
{
	return weight < 10 ? 1 : 1 + (weight - 10) * 9999 / 990;
}

/* `device` is "MAJ:MIN " or "". BFQ's file takes the number as it is. */
static int weight_v2(const char *dir, const char *device, uint64_t weight, struct err *err)
{
	AUTO_FREE char *bfq = xasprintf("%s%llu", device, (unsigned long long)weight);
	AUTO_FREE char *cost = xasprintf("%s%llu", device,
					 (unsigned long long)kern_cgroup_io_weight((int64_t)weight));

	if (!cgroup_write(dir, "io.bfq.weight", bfq, err))
		return 0;
	return err->errnum == ENOENT ? cgroup_write(dir, "io.weight", cost, err) : -1;
}

static int device_v2(const char *dir, const struct kern_cgroup_io_limit *d, struct err *err)
{
	static const char *const keys[KERN_IO_KINDS] = {
		[KERN_IO_READ_BPS] = "rbps", [KERN_IO_WRITE_BPS] = "wbps",
		[KERN_IO_READ_IOPS] = "riops", [KERN_IO_WRITE_IOPS] = "wiops",
	};
	AUTO_FREE char *device = xasprintf("%lld:%lld ", (long long)d->major, (long long)d->minor);
	AUTO_FREE char *text = NULL;

	if (d->kind == KERN_IO_WEIGHT)
		return weight_v2(dir, device, d->value, err);
	text = d->value ? xasprintf("%s%s=%llu", device, keys[d->kind],
				    (unsigned long long)d->value)
			: xasprintf("%s%s=max", device, keys[d->kind]);
	return cgroup_write(dir, "io.max", text, err);
}

int cgroup_io_v2(const char *dir, const struct kern_cgroup_limits *l, struct err *err)
{
	if (cgroup_wanted(l->io_weight) && weight_v2(dir, "", (uint64_t)l->io_weight, err))
		return -1;
	for (size_t i = 0; i < l->n_io; i++)
		if (device_v2(dir, &l->io[i], err))
			return -1;
	return 0;
}
