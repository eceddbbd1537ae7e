/*
 * oom.c - see oom.h.
 */
#include "oom.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "01-kernel/base/cleanup.h"
#include "01-kernel/base/file.h"
#include "01-kernel/base/log.h"
#include "01-kernel/path.h"

#define SCORE "self/oom_score_adj"

int runc_oom_take(int proc, const struct runc_process *p, char own[RUNC_OOM_SIZE], struct err *err)
{
	AUTO_CLOSE int fd = -1;
	char text[RUNC_OOM_SIZE];
	ssize_t n;

	*own = '\0';
	if (!p->has_oom_score_adj)
		return 0;
	fd = kern_proc_file(proc, SCORE, O_RDWR, err);
	if (fd < 0)
		return -1;
	n = read(fd, own, RUNC_OOM_SIZE - 1);
	if (n <= 0)
		return err_sys(err, "read /proc/" SCORE);
	own[n] = '\0';
	if (atoi(own) == p->oom_score_adj) {
		*own = '\0';
		return 0;
	}
	snprintf(text, sizeof text, "%d", p->oom_score_adj);
	if (pwrite(fd, text, strlen(text), 0) < 0)
		return err_sys(err, "process.oomScoreAdj: write %s to /proc/" SCORE " (lowering it needs "
			       "CAP_SYS_RESOURCE)", text);
	return 0;
}

void runc_oom_give_back(int proc, const char own[RUNC_OOM_SIZE])
{
	struct err err;

	if (*own && kern_proc_write(proc, SCORE, own, &err))
		log_warn("the runtime keeps the container's OOM score: %s", err.msg);
}
