/*
 * ctr_run.h - the options of run and containers create.
 */
#ifndef DOCKYARD_CTR_RUN_H
#define DOCKYARD_CTR_RUN_H

#include "ctr.h"
#include "spec.h"

struct ctr_run_options {
	struct ctrd_spec spec; /* points into what follows */
	struct strlist env, args, cap_add, cap_drop, device_words;
	struct ctrd_spec_device *devices;
	json_t *mounts, *labels, *annotations, *namespaces;
	const char *image, *id, *user, *runtime, *log_uri, *platform, *config, *pid_file;
	bool detach, remove, null_io;
	bool rootfs; /* image is a directory */
};

extern const char ctr_run_help[];
/* Also on failure the options are to be freed. */
int ctr_run_parse(struct ctr_run_options *o, int argc, char **argv, struct err *err);
void ctr_run_free(struct ctr_run_options *o);

#endif
