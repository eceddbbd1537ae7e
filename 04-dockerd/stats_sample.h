/*
 * stats_sample.h - the parts of a sample of `docker stats`, each from the numbers that containerd
 * read off the container's cgroup ("metrics"); NULL where the container does not run.
 */
#ifndef DOCKYARD_DOCKERD_STATS_SAMPLE_H
#define DOCKYARD_DOCKERD_STATS_SAMPLE_H

#include <jansson.h>
#include <sys/types.h>

/* Each new. */
json_t *dockerd_stats_cpu(const json_t *metrics);
json_t *dockerd_stats_memory(const json_t *metrics);
json_t *dockerd_stats_pids(const json_t *metrics);
json_t *dockerd_stats_blkio(const json_t *metrics);
json_t *dockerd_stats_networks(pid_t pid); /* as the process sees them */

#endif
