/*
 * spec_seccomp.c - see spec.h: the system calls a container may make
 * (OCI runtime specification, config-linux.md, "Seccomp").
 *
 * A list of what is allowed, not of what is forbidden: a call that a future
 * kernel adds is refused until somebody has thought about it. What is missing
 * on purpose acts on the whole machine (kernel modules, keyrings, swap, clocks,
 * mounts, other processes' memory) and is given back with the capability
 * that guards it. clone3 answers ENOSYS, not EPERM: its flags lie in memory, where a
 * filter cannot look, and libc then falls back to clone, whose flags it can see.
 */
#include "spec.h"

#include <string.h>

#include "01-kernel/base/jsonx.h"
#include "01-kernel/base/words.h"

static const char *const always[] = {
	"accept", "accept4", "access", "adjtimex", "alarm", "arch_prctl", "bind", "brk", "cachestat",
	"capget", "capset", "chdir", "chmod", "chown", "chown32", "clock_adjtime", "clock_adjtime64",
	"clock_getres", "clock_getres_time64", "clock_gettime", "clock_gettime64", "clock_nanosleep",
	"clock_nanosleep_time64", "close", "close_range", "connect", "copy_file_range", "creat", "dup",
	"dup2", "dup3", "epoll_create", "epoll_create1", "epoll_ctl", "epoll_ctl_old", "epoll_pwait",
	"epoll_pwait2", "epoll_wait", "epoll_wait_old", "eventfd", "eventfd2", "execve", "execveat",
	"exit", "exit_group", "faccessat", "faccessat2", "fadvise64", "fadvise64_64", "fallocate",
	"fanotify_mark", "fchdir", "fchmod", "fchmodat", "fchmodat2", "fchown", "fchown32", "fchownat",
	"fcntl", "fcntl64", "fdatasync", "fgetxattr", "flistxattr", "flock", "fork", "fremovexattr",
	"fsetxattr", "fstat", "fstat64", "fstatat64", "fstatfs", "fstatfs64", "fsync", "ftruncate",
	"ftruncate64", "futex", "futex_requeue", "futex_time64", "futex_wait", "futex_waitv",
	"futex_wake", "futimesat", "get_robust_list", "get_thread_area",
	"getcpu", "getcwd", "getdents", "getdents64", "getegid", "getegid32", "geteuid", "geteuid32",
	"getgid", "getgid32", "getgroups", "getgroups32", "getitimer", "getpeername", "getpgid",
	"getpgrp", "getpid", "getppid", "getpriority", "getrandom", "getresgid", "getresgid32",
	"getresuid", "getresuid32", "getrlimit", "getrusage", "getsid", "getsockname", "getsockopt",
	"gettid", "gettimeofday", "getuid", "getuid32", "getxattr", "getxattrat", "inotify_add_watch",
	"inotify_init", "inotify_init1", "inotify_rm_watch", "io_cancel", "io_destroy", "io_getevents",
	"io_pgetevents", "io_pgetevents_time64", "io_setup", "io_submit", "ioctl", "ioprio_get",
	"ioprio_set", "ipc", "kill", "landlock_add_rule", "landlock_create_ruleset",
	"landlock_restrict_self", "lchown", "lchown32", "lgetxattr", "link", "linkat", "listen",
	"listmount", "listxattr", "listxattrat", "llistxattr", "_llseek", "lremovexattr", "lseek",
	"lsetxattr", "lstat", "lstat64", "madvise", "map_shadow_stack", "membarrier", "memfd_create",
	"memfd_secret", "mincore", "mkdir", "mkdirat", "mknod", "mknodat", "mlock", "mlock2",
	"mlockall", "mmap", "mmap2", "mprotect", "mq_getsetattr", "mq_notify", "mq_open",
	"mq_timedreceive", "mq_timedreceive_time64", "mq_timedsend", "mq_timedsend_time64",
	"mq_unlink", "mremap", "mseal", "msgctl", "msgget", "msgrcv", "msgsnd", "msync", "munlock",
	"munlockall", "munmap", "name_to_handle_at", "nanosleep", "newfstatat", "_newselect", "open",
	"openat", "openat2", "pause", "pidfd_open", "pidfd_send_signal", "pipe", "pipe2",
	"pkey_alloc", "pkey_free", "pkey_mprotect", "poll", "ppoll", "ppoll_time64", "prctl",
	"pread64", "preadv", "preadv2", "prlimit64", "process_mrelease", "pselect6",
	"pselect6_time64", "pwrite64", "pwritev", "pwritev2", "read", "readahead", "readlink",
	"readlinkat", "readv", "recv", "recvfrom", "recvmmsg", "recvmmsg_time64", "recvmsg",
	"remap_file_pages", "removexattr", "removexattrat", "rename", "renameat", "renameat2",
	"restart_syscall", "rmdir", "rseq", "rt_sigaction", "rt_sigpending", "rt_sigprocmask",
	"rt_sigqueueinfo", "rt_sigreturn", "rt_sigsuspend", "rt_sigtimedwait",
	"rt_sigtimedwait_time64", "rt_tgsigqueueinfo", "sched_get_priority_max",
	"sched_get_priority_min", "sched_getaffinity", "sched_getattr", "sched_getparam",
	"sched_getscheduler", "sched_rr_get_interval", "sched_rr_get_interval_time64",
	"sched_setaffinity", "sched_setattr", "sched_setparam", "sched_setscheduler", "sched_yield",
	"seccomp", "select", "semctl", "semget", "semop", "semtimedop", "semtimedop_time64", "send",
	"sendfile", "sendfile64", "sendmmsg", "sendmsg", "sendto", "set_robust_list",
	"set_thread_area", "set_tid_address", "setfsgid", "setfsgid32", "setfsuid", "setfsuid32",
	"setgid", "setgid32", "setgroups", "setgroups32", "setitimer", "setpgid", "setpriority",
	"setregid", "setregid32", "setresgid", "setresgid32", "setresuid", "setresuid32", "setreuid",
	"setreuid32", "setrlimit", "setsid", "setsockopt", "setuid", "setuid32", "setxattr",
	"setxattrat", "shmat", "shmctl", "shmdt", "shmget", "shutdown", "sigaltstack", "signalfd",
	"signalfd4", "sigprocmask", "sigreturn", "socketcall", "socketpair", "splice", "stat",
	"stat64", "statfs", "statfs64", "statmount", "statx", "symlink", "symlinkat", "sync",
	"sync_file_range", "sync_file_range2", "syncfs", "sysinfo", "tee", "tgkill", "time",
	"timer_create", "timer_delete", "timer_getoverrun", "timer_gettime", "timer_gettime64",
	"timer_settime", "timer_settime64", "timerfd_create", "timerfd_gettime", "timerfd_gettime64",
	"timerfd_settime", "timerfd_settime64", "times", "tkill", "truncate", "truncate64", "ugetrlimit",
	"umask", "uname", "unlink", "unlinkat", "uretprobe", "utime", "utimensat",
	"utimensat_time64", "utimes", "vfork", "vmsplice", "wait4", "waitid", "waitpid", "write",
	"writev", "process_vm_readv", "process_vm_writev", "ptrace", "arm_fadvise64_64",
	"arm_sync_file_range", "breakpoint", "cacheflush", "set_tls", "modify_ldt",
	NULL,
};

/* A 64-bit kernel also takes the calls of its 32-bit ancestors, by other numbers. */
static const char *const architectures[] = {
#if defined(__aarch64__)
	"SCMP_ARCH_AARCH64", "SCMP_ARCH_ARM", NULL,
#elif defined(__x86_64__)
	"SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32",
#else
	NULL,
#endif
};

/* Given back with a capability. */
struct by_cap {
	const char *cap;
	const char *names[24];
};

static const struct by_cap with_cap[] = {
	{ "CAP_DAC_READ_SEARCH", { "open_by_handle_at" } },
	{ "CAP_SYS_ADMIN", { "bpf", "clone", "clone3", "fanotify_init", "fsconfig", "fsmount", "fsopen", "fspick",
			     "lookup_dcookie", "lsm_get_self_attr", "lsm_list_modules", "lsm_set_self_attr",
			     "mount", "mount_setattr", "move_mount", "open_tree", "perf_event_open", "quotactl",
			     "quotactl_fd", "setdomainname", "sethostname", "setns", "umount", "umount2" } },
	{ "CAP_SYS_ADMIN", { "unshare", "syslog" } },
	{ "CAP_SYS_BOOT", { "reboot" } },
	{ "CAP_SYS_CHROOT", { "chroot" } },
	{ "CAP_SYS_MODULE", { "delete_module", "init_module", "finit_module" } },
	{ "CAP_SYS_PACCT", { "acct" } },
	{ "CAP_SYS_PTRACE", { "kcmp", "pidfd_getfd", "process_madvise" } },
	{ "CAP_SYS_RAWIO", { "iopl", "ioperm" } },
	{ "CAP_SYS_TIME", { "settimeofday", "stime", "clock_settime", "clock_settime64" } },
	{ "CAP_SYS_TTY_CONFIG", { "vhangup" } },
	{ "CAP_SYS_NICE", { "get_mempolicy", "mbind", "set_mempolicy", "set_mempolicy_home_node", "migrate_pages",
			    "move_pages" } },
	{ "CAP_SYSLOG", { "syslog" } },
	{ "CAP_BPF", { "bpf" } },
	{ "CAP_PERFMON", { "perf_event_open" } },
};

static json_t *names_of(const char *const *names, size_t max)
{
	json_t *list = json_array();

	for (size_t i = 0; i < max && names[i]; i++)
		json_array_append_new(list, json_string(names[i]));
	return list;
}

static json_t *rule(json_t *names, const char *action)
{
	return json_pack("{s:o, s:s}", "names", names, "action", action);
}

static json_t *arg(int index, json_int_t value, json_int_t value_two, const char *op)
{
	return json_pack("[{s:i, s:I, s:I, s:s}]", "index", index, "value", value, "valueTwo", value_two, "op", op);
}

static void allow_if(json_t *rules, const char *name, json_t *args)
{
	json_t *r = rule(json_pack("[s]", name), "SCMP_ACT_ALLOW");

	json_object_set_new(r, "args", args);
	json_array_append_new(rules, r);
}

/* Without CAP_SYS_ADMIN: no new namespaces. The mask is every CLONE_NEW* flag. */
static void restrict_clone(json_t *rules)
{
	json_t *no_clone3 = rule(json_pack("[s]", "clone3"), "SCMP_ACT_ERRNO");

	allow_if(rules, "clone", arg(0, 0x7e020000, 0, "SCMP_CMP_MASKED_EQ"));
	json_object_set_new(no_clone3, "errnoRet", json_integer(38)); /* ENOSYS */
	json_array_append_new(rules, no_clone3);
}

json_t *ctrd_spec_seccomp(const json_t *capabilities)
{
	/* personality(2): Linux, with or without randomisation, 32-bit uname; and asking. */
	static const json_int_t personalities[] = { 0x0, 0x8, 0x20000, 0x20008, 0xffffffff };
	json_t *rules = json_array();

	json_array_append_new(rules, rule(names_of(always, sizeof always / sizeof *always), "SCMP_ACT_ALLOW"));
	for (size_t i = 0; i < sizeof personalities / sizeof *personalities; i++)
		allow_if(rules, "personality", arg(0, personalities[i], 0, "SCMP_CMP_EQ"));
	/* AF_VSOCK (40) would reach the hypervisor. */
	allow_if(rules, "socket", arg(0, 40, 0, "SCMP_CMP_NE"));
	for (size_t i = 0; i < sizeof with_cap / sizeof *with_cap; i++)
		if (words_json_have(capabilities, with_cap[i].cap))
			json_array_append_new(rules, rule(names_of(with_cap[i].names, 24), "SCMP_ACT_ALLOW"));
	if (!words_json_have(capabilities, "CAP_SYS_ADMIN"))
		restrict_clone(rules);
	return json_pack("{s:s, s:i, s:o, s:o}", "defaultAction", "SCMP_ACT_ERRNO", "defaultErrnoRet", 1,
			 "architectures", names_of(architectures, 3), "syscalls", rules);
}
