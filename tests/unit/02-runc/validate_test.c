/*
 * validate_test.c - each property that a document can have wrong, and the path that
 * the complaint must name. Where runc has words for it that programs know, they are
 * in the complaint too.
 */
#include "suite.h"

#include <sys/resource.h>

#include "02-runc/config.h"
#include "02-runc/container.h"

/* Each row is one change to a good document, and the complaint about it. */
static const struct { const char *path, *value, *complaint; } broken[] = {
	/* ociVersion: semver.org */
	{ "ociVersion", "'1.0'", "ociVersion: '1.0' is not a version" },
	{ "ociVersion", "'1.0.2x'", "ociVersion: '1.0.2x'" },
	{ "ociVersion", "'01.0.2'", "ociVersion: '01.0.2'" },
	{ "ociVersion", "'1.0.2-'", "ociVersion: '1.0.2-'" },
	{ "ociVersion", "'1.0.2-rc..1'", "ociVersion: '1.0.2-rc..1'" },
	{ "ociVersion", "'1.0.2+a+b'", "ociVersion: '1.0.2+a+b'" },
	{ "ociVersion", "'+1.0.2'", "ociVersion: '+1.0.2'" },
	{ "ociVersion", "1.0", "ociVersion: expected a string" },
	{ "annotations", "{'': 'x'}", "annotations[\"\"]: the key must not be empty" },
	{ "annotations", "['x']", "annotations: expected an object" },
	{ "hostname", "'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'",
	  "hostname: longer than 64 bytes" },
	{ "domainname", "'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'",
	  "domainname: longer than 64 bytes" },
	{ "root", "'rootfs'", "root: expected an object" },
	{ "root.path", "7", "root.path: expected a string" },
	/* process: numbers that are none, or too big */
	{ "process.user.uid", "1.5", "process.user.uid: expected an integer" },
	{ "process.user.uid", "1e3", "process.user.uid: expected an integer" },
	{ "process.user.gid", "4294967295", "process.user.gid: 4294967295 is not within" },
	{ "process.user.additionalGids", "[4294967295]", "process.user.additionalGids[0]" },
	{ "process.user", "[]", "process.user: expected an object" },
	{ "process.terminal", "'yes'", "process.terminal: expected true or false" },
	{ "process.noNewPrivileges", "0", "process.noNewPrivileges: expected true or false" },
	{ "process.env", "['=x']", "process.env[0]: invalid environment variable" },
	{ "process.env", "['']", "process.env[0]: invalid environment variable" },
	{ "process.env", "{}", "process.env: expected an array" },
	{ "process.capabilities", "['CAP_KILL']", "process.capabilities: expected an object" },
	{ "process.capabilities.ambient", "[1]", "process.capabilities.ambient[0]: expected a string" },
	{ "process.rlimits", "[{'type': 'RLIMIT_CPU', 'soft': 2, 'hard': 1}]",
	  "process.rlimits[0]: the soft limit is above the hard one" },
	{ "process.rlimits", "[{'type': 'RLIMIT_CPU', 'soft': 1.0, 'hard': 1}]", "process.rlimits[0].soft" },
	{ "process.rlimits", "[7]", "process.rlimits[0]: expected an object" },
	{ "process.apparmorProfile", "{}", "process.apparmorProfile: expected a string" },
	{ "process.selinuxLabel", "[]", "process.selinuxLabel: expected a string" },
	/* process.scheduler, as runc checks it */
	{ "process.scheduler", "'SCHED_FIFO'", "process.scheduler: expected an object" },
	{ "process.scheduler", "{}", "process.scheduler.policy: required" },
	{ "process.scheduler", "{'policy': 'FIFO'}", "process.scheduler.policy: invalid scheduler policy: FIFO" },
	{ "process.scheduler", "{'policy': 'SCHED_OTHER', 'nice': 20}", "process.scheduler.nice: 20" },
	{ "process.scheduler", "{'policy': 'SCHED_BATCH', 'nice': -21}", "process.scheduler.nice: -21" },
	{ "process.scheduler", "{'policy': 'SCHED_OTHER', 'nice': 4294967296}", "process.scheduler.nice: 4294967296" },
	{ "process.scheduler", "{'policy': 'SCHED_OTHER', 'priority': 1}", "process.scheduler.priority: can only be" },
	{ "process.scheduler", "{'policy': 'SCHED_FIFO'}", "process.scheduler.priority: 0 is not within 1..99" },
	{ "process.scheduler", "{'policy': 'SCHED_RR', 'priority': 100}", "process.scheduler.priority: 100" },
	{ "process.scheduler", "{'policy': 'SCHED_IDLE', 'runtime': 1}",
	  "process.scheduler: runtime, deadline and period can only be specified for SCHED_DEADLINE" },
	{ "process.scheduler", "{'policy': 'SCHED_DEADLINE', 'period': -1}", "process.scheduler.period" },
	{ "process.scheduler", "{'policy': 'SCHED_OTHER', 'flags': ['SCHED_FLAG_RECLAIM', 'X']}",
	  "process.scheduler.flags[1]: invalid scheduler flag: X" },
	{ "process.ioPriority", "{}", "process.ioPriority.class: required" },
	{ "process.ioPriority", "{'class': 'BE'}", "process.ioPriority.class: 'BE'" },
	{ "process.ioPriority", "{'class': 'IOPRIO_CLASS_BE', 'priority': 8}", "process.ioPriority.priority: 8" },
	{ "process.ioPriority", "{'class': 'IOPRIO_CLASS_BE', 'priority': -1}", "process.ioPriority.priority: -1" },
	{ "process.execCPUAffinity", "{'initial': '1-0'}", "process.execCPUAffinity.initial: '1-0'" },
	{ "process.execCPUAffinity", "{'initial': 'x'}", "process.execCPUAffinity.initial: 'x'" },
	{ "process.execCPUAffinity", "{'final': '1024'}", "process.execCPUAffinity.final: '1024'" },
	{ "process.execCPUAffinity", "{'final': ','}", "process.execCPUAffinity.final: no number" },
	{ "process.execCPUAffinity", "{'final': '0-'}", "process.execCPUAffinity.final: '0-'" },
	{ "process.execCPUAffinity", "{'final': '-1'}", "process.execCPUAffinity.final: '-1'" },
	{ "process.execCPUAffinity", "{'final': 3}", "process.execCPUAffinity.final: expected a string" },
	{ "mounts", "{}", "mounts: expected an array" },
	{ "mounts", "['/a']", "mounts[0]: expected an object" },
	{ "mounts", "[{'destination': 'proc/self', 'type': 'tmpfs'}]", "mounts[0].destination: '/proc/self'" },
	{ "mounts", "[{'destination': '//proc/./self/', 'type': 'tmpfs'}]", "mounts[0].destination: '/proc/self'" },
	{ "hooks", "[]", "hooks: expected an object" },
	{ "hooks.createRuntime", "{}", "hooks.createRuntime: expected an array" },
	{ "hooks.createContainer", "[7]", "hooks.createContainer[0]: expected an object" },
	{ "hooks.startContainer", "[{'args': ['x']}]", "hooks.startContainer[0].path: required" },
	{ "hooks.poststart", "[{'path': '/x', 'args': 'y'}]", "hooks.poststart[0].args: expected an array" },
	{ "hooks.poststop", "[{'path': '/x', 'env': [1]}]", "hooks.poststop[0].env[0]: expected a string" },
	{ "hooks.prestart", "[{'path': '/x', 'timeout': -1}]", "hooks.prestart[0].timeout: -1" },
	{ "hooks.prestart", "[{'path': '/x', 'timeout': 0.5}]", "hooks.prestart[0].timeout: expected an integer" },
	{ "linux.devices", "[{'path': '/dev/x', 'type': 'c', 'minor': 1}]", "linux.devices[0]: major and minor" },
	{ "linux.devices", "[{'path': '/dev/x', 'type': 'b', 'major': -1, 'minor': -1}]", "linux.devices[0].major: -1" },
	{ "linux.devices", "[{'type': 'p'}]", "linux.devices[0].path: required" },
	{ "linux.maskedPaths", "['/a', 'b']", "linux.maskedPaths[1]: 'b' is not an absolute path" },
	{ "linux.readonlyPaths", "['b']", "linux.readonlyPaths[0]: 'b' is not an absolute path" },
	{ "linux.mountLabel", "{}", "linux.mountLabel: expected a string" },
	{ "linux.cgroupsPath", "1", "linux.cgroupsPath: expected a string" },
	{ "linux.personality", "{'domain': 'LINUX', 'flags': ['X']}", "linux.personality.flags[0]: 'X'" },
	{ "linux.personality", "{}", "linux.personality.domain: required" },
	{ "linux.memoryPolicy", "{}", "linux.memoryPolicy.mode: invalid memory policy mode \"\"" },
	{ "linux.memoryPolicy", "{'mode': 'BIND', 'nodes': '0'}", "invalid memory policy mode \"BIND\"" },
	{ "linux.memoryPolicy", "{'mode': 'MPOL_DEFAULT', 'nodes': '0-7'}",
	  "linux.memoryPolicy.nodes: memory policy mode requires 0 nodes but got 8" },
	{ "linux.memoryPolicy", "{'mode': 'MPOL_BIND'}", "linux.memoryPolicy.nodes: memory policy mode requires at least" },
	{ "linux.memoryPolicy", "{'mode': 'MPOL_BIND', 'nodes': '0-9876543210'}",
	  "linux.memoryPolicy.nodes: invalid memory policy nodes" },
	{ "linux.memoryPolicy", "{'mode': 'MPOL_BIND', 'nodes': '0', 'flags': ['MPOL_F_STATIC_NODES', 'x']}",
	  "linux.memoryPolicy.flags[1]: invalid memory policy flag \"x\"" },
	{ "linux.netDevices", "[]", "linux.netDevices: expected an object" },
	{ "linux.netDevices", "{'eth0': 'x'}", "linux.netDevices[\"eth0\"]: expected an object" },
	{ "linux.netDevices", "{'eth0': {'name': 7}}", "linux.netDevices[\"eth0\"].name: expected a string" },
	{ "linux.netDevices", "{'eth0': {'name': 'a-name-that-is-too-long'}}",
	  "linux.netDevices[\"eth0\"]: invalid network device name \"a-name-that-is-too-long\"" },
	{ "linux.netDevices", "{'a/b': {}}", "linux.netDevices[\"a/b\"]: invalid network device name" },
	{ "linux.netDevices", "{'..': {}}", "linux.netDevices[\"..\"]: invalid network device name" },
	{ "linux.netDevices", "{'a': {'name': 'c'}, 'b': {'name': 'c'}}", "linux.netDevices[\"b\"].name: 'c' is given twice" },
	{ "linux.intelRdt", "'x'", "linux.intelRdt: expected an object" },
	{ "linux.intelRdt", "{'closID': '..'}", "linux.intelRdt.closID: invalid intelRdt.ClosID \"..\"" },
	{ "linux.intelRdt", "{'closID': 'a/b'}", "linux.intelRdt.closID: invalid intelRdt.ClosID" },
	{ "linux.intelRdt", "{'memBwSchema': 'L3:0=f'}", "linux.intelRdt.memBwSchema: 'L3:0=f' does not start with MB:" },
	{ "linux.intelRdt", "{'memBwSchema': 'MB:0=1\\n'}", "linux.intelRdt.memBwSchema: must not contain a newline" },
	{ "linux.intelRdt", "{'schemata': ['L3:0=f', 'x\\ny']}", "linux.intelRdt.schemata[1]: must not contain a newline" },
	{ "linux.intelRdt", "{'enableMonitoring': 1}", "linux.intelRdt.enableMonitoring: expected true or false" },
	{ "linux.intelRdt", "{'enableCMT': 'x'}", "linux.intelRdt.enableCMT: expected true or false" },
	{ "linux.sysctl", "[]", "linux.sysctl: expected an object" },
	{ "linux.sysctl", "{'': 'x'}", "linux.sysctl[\"\"]: the key must not be empty" },
};

static void broken_documents(void)
{
	for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) {
		struct runc_config c;
		struct err err = { .msg = "" };
		json_t *doc = spec();

		set(doc, broken[i].path, "%s", broken[i].value);
		if (!runc_config_parse(&c, doc, &err)) {
			fprintf(stderr, "\naccepted: %s = %s\n", broken[i].path, broken[i].value);
			runc_config_free(&c);
		}
		HAS(err.msg, broken[i].complaint);
		CU_ASSERT(err.kind == ERR_INVALID);
	}
}

/* What is for others, or deprecated, or left out by clients, is no reason to refuse. */
static const struct { const char *path, *value; } good[] = {
	{ "ociVersion", "'1.0.2-dev'" }, { "ociVersion", "'1.2.0-rc.1+build.5'" },
	{ "ociVersion", "'1.99.0'" },
	{ "windows", "{'layerFolders': ['x']}" }, { "solaris", "{'milestone': 'x'}" },
	{ "vm", "{'kernel': {'path': '/x'}}" }, { "zos", "{'namespaces': []}" },
	{ "freebsd", "{'jail': {}}" },
	{ "nobodyKnowsThis", "[1.5]" }, { "linux.norThis", "{'x': null}" },
	{ "process.commandLine", "'x'" }, { "process.user.username", "'somebody'" },
	/* "MUST ignore consoleSize if terminal is false or unset" */
	{ "process.consoleSize", "{'height': 70000, 'width': 1}" },
	{ "process.capabilities.bounding", "['CAP_NOBODY_KNOWS']" },
	{ "process.scheduler", "{'policy': 'SCHED_DEADLINE', 'runtime': 1, 'deadline': 2, 'period': 3}" },
	{ "process.ioPriority", "{'class': 'IOPRIO_CLASS_IDLE'}" },
	{ "process.execCPUAffinity", "{'initial': '', 'final': ' 0-3, 7,,'}" },
	{ "mounts", "[{'destination': 'data', 'type': 'tmpfs'}]" },
	{ "linux.personality", "{'domain': 'LINUX32', 'flags': []}" },
	{ "linux.devices", "[{'path': '/dev/x', 'type': 'p'}]" },
	{ "linux.memoryPolicy", "{'mode': 'MPOL_PREFERRED'}" },
	{ "linux.intelRdt", "{'closID': '/', 'enableCMT': true, 'enableMBM': false}" },
	{ "linux.netDevices", "{'eth0': {}, 'eth1': {'name': 'net%d'}, 'eth2': {'name': 'net%d'}}" },
	{ "hooks.poststop", "[{'path': '/x', 'args': null, 'env': null}]" },
};

static void good_documents(void)
{
	for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
		struct runc_config c;
		struct err err = { .msg = "" };
		json_t *doc = spec();

		set(doc, good[i].path, "%s", good[i].value);
		if (runc_config_parse(&c, doc, &err)) {
			fprintf(stderr, "\nrefused: %s = %s: %s\n", good[i].path, good[i].value, err.msg);
			CU_FAIL("a good document is refused");
			continue;
		}
		runc_config_free(&c);
	}
}

static void lists_of_numbers(void)
{
	AUTO_CONFIG struct runc_config c = { .doc = NULL };
	json_t *doc = spec();
	struct err err;

	set(doc, "process.execCPUAffinity", "{'initial': '0-2,5', 'final': ' 7 ,,9-9'}");
	CU_ASSERT_FATAL(!runc_config_parse(&c, doc, &err));
	EQ_INT(CPU_COUNT(&c.process.affinity.initial), 4);
	CU_ASSERT(CPU_ISSET(2, &c.process.affinity.initial) && !CPU_ISSET(3, &c.process.affinity.initial));
	EQ_INT(CPU_COUNT(&c.process.affinity.final), 2);
	CU_ASSERT(CPU_ISSET(7, &c.process.affinity.final) && CPU_ISSET(9, &c.process.affinity.final));
}

/* One way to write a path, whatever the document has; "dev" means /dev. */
static void destinations(void)
{
	static const struct { const char *from, *to; } cases[] = {
		{ "dev", "/dev" }, { "/dev/", "/dev" }, { "//dev/./x//", "/dev/x" }, { "./a/../b", "/a/../b" },
		{ "/.hidden", "/.hidden" },
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		AUTO_CONFIG struct runc_config c = { .doc = NULL };
		json_t *doc = spec();
		struct err err;

		set(doc, "mounts", "[{'destination': '%s', 'type': 'tmpfs'}]", cases[i].from);
		CU_ASSERT_FATAL(!runc_config_parse(&c, doc, &err));
		EQ_STR(c.mounts[0].destination, cases[i].to);
	}
	json_t *config = spec();

	append(config, "mounts", "{'destination': 'tmp/rel', 'type': 'tmpfs'}");
	script(config, "grep -c ' /tmp/rel ' /proc/mounts");
	set(config, "root.readonly", "false");
	struct result r = run(config);

	PRINTS(r, "1\n");
	HAS(r.err, "mounts[7].destination: not an absolute path");
}

/* sysctl(8): both separators, and what each namespace has for itself. */
static const struct { const char *sysctl, *complaint; } settings[] = {
	{ "net.ipv4.ip_forward", NULL }, { "net/ipv4/ip_forward", NULL },
	{ "net.ipv4.conf.eth0/100.rp_filter", NULL }, { "net/ipv4/conf/eth0.100/rp_filter", NULL },
	{ "kernel.sem", NULL }, { "fs.mqueue.msg_max", NULL }, { "kernel.domainname", NULL },
	{ "kernel.hostname", "sysctl \"kernel.hostname\" is not allowed as it conflicts with the OCI \"hostname\" field" },
	{ "kernel/hostname", "sysctl \"kernel.hostname\" is not allowed" },
	{ "vm.swappiness", "sysctl \"vm.swappiness\" is not in a separate kernel namespace" },
	{ "fs/mqueue/../file-max", "is no setting" }, { "net..x", "is no setting" },
	{ "net/./x", "is no setting" }, { "net.x.", "is no setting" },
};

static void sysctls(void)
{
	for (size_t i = 0; i < sizeof settings / sizeof *settings; i++) {
		AUTO_CONFIG struct runc_config c = { .doc = NULL };
		json_t *doc = spec();
		struct err err = { .msg = "" };

		set(doc, "linux.sysctl", "{'%s': '1'}", settings[i].sysctl);
		CU_ASSERT_FATAL(!runc_config_parse(&c, doc, &err));
		if (!settings[i].complaint != !runc_sysctl_check(&c, &err))
			fprintf(stderr, "\n%s: '%s'\n", settings[i].sysctl, err.msg);
		HAS(err.msg, settings[i].complaint ? settings[i].complaint : "");
		CU_ASSERT(settings[i].complaint || !*err.msg);
	}
	json_t *config = spec();

	set(config, "linux.sysctl", "{'net/ipv4/conf/lo/rp_filter': '2', 'net.ipv4.ip_forward': '1'}");
	script(config, "cat /proc/sys/net/ipv4/conf/lo/rp_filter /proc/sys/net/ipv4/ip_forward");
	PRINTS(run(config), "2\n1\n");
	config = spec();
	set(config, "linux.sysctl", "{'net.ipv4.ip_forward': '1'}");
	set(config, "linux.namespaces", "[{'type': 'mount'}, {'type': 'uts'}, {'type': 'network', "
	    "'path': '/proc/%d/ns/net'}]", (int)getpid());
	FAILS(run(config), 1, "sysctl \"net.ipv4.ip_forward\" not allowed in host network namespace");
}

/* An unbindable root, in which nevertheless everything was bound; and what pivot_root is
 * needed for. */
static void propagation_of_the_root(void)
{
	json_t *config = spec();
	AUTO_JSON json_t *private = spec();

	set(config, "linux.rootfsPropagation", "'unbindable'");
	/* The fifth field is where it is mounted, the seventh the first tag. */
	script(config, "awk '$5 == \"/\" { print $7 }' /proc/self/mountinfo");
	PRINTS(run(config), "unbindable\n");
	set(private, "linux.rootfsPropagation", "'private'");
	FAILS(runc("run", "--no-pivot", "-b", bundle(private), new_id(), NULL), 1,
	      "[r]private is not safe without pivot_root");
	NOTHING_LEFT();
}

CU_TestInfo validate_tests[] = {
	{ "broken documents name the property", broken_documents },
	{ "what is no reason to refuse", good_documents },
	{ "lists of numbers", lists_of_numbers },
	{ "destinations of mounts", destinations },
	{ "kernel settings", sysctls },
	{ "propagation of the root", propagation_of_the_root },
	CU_TEST_INFO_NULL,
};
