/*
 * net_suite.h - what the tests of links and of nftables share.
 */
#ifndef DOCKYARD_TEST_KERNEL_NET_SUITE_H
#define DOCKYARD_TEST_KERNEL_NET_SUITE_H

#include "01-kernel/base/err.h"

/* A new network namespace, kept by the descriptor. */
int new_netns(struct err *err);

#endif
