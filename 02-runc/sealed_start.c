/*
 * sealed_start.c - where a static runc begins: before the C library.
 *
 * A command that goes near a container is executed a second time, from a mount of
 * our file that nobody can write to (sealed.h). To do that from main() means that the C
 * library sets itself up twice, and that is most of what the second time costs: a
 * millisecond on a virtual machine, where each look at what the processor can do
 * (cpuid) is a trip to the hypervisor. So it is done here, at the program's entry point
 * (the linker's --entry), of which the library's own _start is the next stop.
 *
 * Nothing is set up yet: no errno, no thread pointer (hence no stack protector), no
 * memcpy or strcmp, since which of their versions to use is decided later. There are
 * the stack as the kernel left it (argc, argv, NULL, envp, NULL, the auxiliary vector)
 * and system calls. If anything fails, main() finds out and does it in its own way.
 */
#include <elf.h>
#include <fcntl.h>
#include <sys/syscall.h>

#include "01-kernel/mount_api.h"
#include "sealed.h"

#if defined __x86_64__

__asm__(".globl runc_start\n"
	"runc_start:\n"
	"	mov %rsp, %rbx\n" /* callee-saved, as is r12: they outlive the call */
	"	mov %rdx, %r12\n" /* the dynamic linker's word to _start, if there is one */
	"	mov %rsp, %rdi\n"
	"	and $-16, %rsp\n"
	"	call runc_sealed_start\n"
	"	mov %rbx, %rsp\n"
	"	mov %r12, %rdx\n"
	"	jmp _start\n");

static long system_call(long number, long a, long b, long c, long d, long e)
{
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	long result;

	__asm__ volatile("syscall" : "=a"(result) : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8)
			 : "rcx", "r11", "memory");
	return result;
}

#elif defined __aarch64__

__asm__(".globl runc_start\n"
	"runc_start:\n"
	"	mov x19, x0\n"
	"	mov x0, sp\n"
	"	bl runc_sealed_start\n"
	"	mov x0, x19\n"
	"	b _start\n");

static long system_call(long number, long a, long b, long c, long d, long e)
{
	register long x8 __asm__("x8") = number;
	register long x0 __asm__("x0") = a;
	register long x1 __asm__("x1") = b;
	register long x2 __asm__("x2") = c;
	register long x3 __asm__("x3") = d;
	register long x4 __asm__("x4") = e;

	__asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4) : "memory");
	return x0;
}

#endif

#if defined __x86_64__ || defined __aarch64__

static int same(const char *a, const char *b)
{
	while (*a && *a == *b) {
		a++;
		b++;
	}
	return *a == *b;
}

/* Is one of the words a command that needs it? That it may stand there as something else,
 * a container's name, costs time and nothing more. */
static int concerns(char **argv)
{
	static const char *const commands[] = { "create", "run", "exec", "restore" };

	for (; *argv; argv++)
		for (unsigned i = 0; i < sizeof commands / sizeof *commands; i++)
			if (same(*argv, commands[i]))
				return 1;
	return 0;
}

/* What the kernel says that we were executed as is a descriptor: it was us (execveat(2),
 * getauxval(3)). */
static int second_time(const unsigned long *aux)
{
	static const char by_fd[] = RUNC_EXECUTED_BY_FD;

	for (; aux[0] != AT_NULL; aux += 2)
		if (aux[0] == AT_EXECFN) {
			const char *name = (const char *)aux[1];

			for (unsigned i = 0; by_fd[i]; i++)
				if (name[i] != by_fd[i])
					return 0;
			return 1;
		}
	return 1; /* not to be known: main() does it */
}

void runc_sealed_start(long *stack);

__attribute__((used)) void runc_sealed_start(long *stack)
{
	char **argv = (char **)(stack + 1), **env = argv + *stack + 1, **end = env;
	struct api_mount_attr readonly = { .attr_set = MOUNT_ATTR_RDONLY };
	long fd;

	while (*end)
		end++;
	if (!concerns(argv) || second_time((unsigned long *)(end + 1)))
		return;
	fd = system_call(SYS_open_tree, AT_FDCWD, (long)"/proc/self/exe",
			 OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC, 0, 0);
	if (fd < 0)
		return;
	if (!system_call(SYS_mount_setattr, fd, (long)"", AT_EMPTY_PATH, (long)&readonly,
			 sizeof readonly))
		system_call(SYS_execveat, fd, (long)"", (long)argv, (long)env, AT_EMPTY_PATH);
	system_call(SYS_close, fd, 0, 0, 0, 0);
}

#endif
