/*
 * mempolicy.c - `linux.memoryPolicy`: from which NUMA nodes a container's memory
 * comes ("Memory Policy" in config-linux.md of version 1.3, set_mempolicy(2)).
 */
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "config.h"
#include "cpulist.h"
#include "property.h"

/* In the order of the kernel's numbers (linux/mempolicy.h). */
enum { MODE_DEFAULT, MODE_PREFERRED, MODE_BIND, MODE_INTERLEAVE, MODE_LOCAL };
const char *const runc_memory_modes[] = {
	"MPOL_DEFAULT", "MPOL_PREFERRED", "MPOL_BIND", "MPOL_INTERLEAVE", "MPOL_LOCAL",
	"MPOL_PREFERRED_MANY", "MPOL_WEIGHTED_INTERLEAVE", NULL,
};

/* From bit 13 upwards. */
#define FIRST_FLAG 13
const char *const runc_memory_flags[] = {
	"MPOL_F_NUMA_BALANCING", "MPOL_F_RELATIVE_NODES", "MPOL_F_STATIC_NODES", NULL,
};

static int find(const char *const *names, const char *name)
{
	for (int i = 0; names[i]; i++)
		if (!strcmp(names[i], name))
			return i;
	return -1;
}

static int parse_flags(struct runc_memory_policy *m, const json_t *obj, struct err *err)
{
	AUTO_FREE const char **names = NULL;

	if (runc_prop_strings(obj, "linux.memoryPolicy", "flags", &names, err))
		return -1;
	for (size_t i = 0; names && names[i]; i++) {
		int flag = find(runc_memory_flags, names[i]);

		if (flag < 0)
			return err_set(err, ERR_INVALID, "linux.memoryPolicy.flags[%zu]: invalid "
				       "memory policy flag \"%s\"", i, names[i]);
		m->mode |= 1 << (FIRST_FLAG + flag);
	}
	return 0;
}

static int parse_nodes(struct runc_memory_policy *m, const json_t *obj, struct err *err)
{
	const char *text = NULL;

	if (runc_prop_str(obj, "linux.memoryPolicy", "nodes", &text, err))
		return -1;
	CPU_ZERO(&m->nodes);
	if (text && *text && runc_cpulist_parse(text, &m->nodes, err))
		return err_wrap(err, "linux.memoryPolicy.nodes: invalid memory policy nodes");
	return 0;
}

/* How many nodes a mode wants; a preferred one may be left to the kernel. */
static int check_nodes(int mode, int n, struct err *err)
{
	bool none = mode == MODE_DEFAULT || mode == MODE_LOCAL;

	if (none && n)
		return err_set(err, ERR_INVALID, "linux.memoryPolicy.nodes: memory policy mode "
			       "requires 0 nodes but got %d", n);
	if (!none && mode != MODE_PREFERRED && !n)
		return err_set(err, ERR_INVALID, "linux.memoryPolicy.nodes: memory policy mode "
			       "requires at least one node but got 0");
	return 0;
}

int runc_config_memory_policy(struct runc_memory_policy *m, const json_t *linux_,
			      struct err *err)
{
	const char *mode = "";
	json_t *obj;

	if (runc_prop_object(linux_, "linux", "memoryPolicy", &obj, err))
		return -1;
	if (!obj)
		return 0;
	if (runc_prop_str(obj, "linux.memoryPolicy", "mode", &mode, err))
		return -1;
	m->present = true;
	m->mode = find(runc_memory_modes, mode);
	if (m->mode < 0)
		return err_set(err, ERR_INVALID, "linux.memoryPolicy.mode: invalid memory policy "
			       "mode \"%s\"", mode);
	return parse_nodes(m, obj, err) || check_nodes(m->mode, CPU_COUNT(&m->nodes), err) ||
	       parse_flags(m, obj, err) ? -1 : 0;
}

int runc_memory_policy_apply(const struct runc_memory_policy *m, struct err *err)
{
	/* The kernel looks at one bit less than it is told of. */
	if (m->present && syscall(SYS_set_mempolicy, m->mode, &m->nodes, CPU_SETSIZE + 1L))
		return err_sys(err, "linux.memoryPolicy: set_mempolicy");
	return 0;
}
