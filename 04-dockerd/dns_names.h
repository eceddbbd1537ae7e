/*
 * dns_names.h - who is called what, as one container sees it: the names on the networks that it
 * is on, and the links that it alone has.
 */
#ifndef DOCKYARD_DOCKERD_DNS_NAMES_H
#define DOCKYARD_DOCKERD_DNS_NAMES_H

#include "dns_packet.h"
#include "network.h"

#define DNS_ANSWERS_MAX 64 /* containers may share an alias */

/* The answer to the question from that container; -1: nobody here, ask elsewhere. A name that is
 * known but has no address of the family asked for is an answer too: 0 records. */
int dns_lookup(struct networks *all, const char *container, const struct dns_question *q,
	       struct dns_answer answers[DNS_ANSWERS_MAX]);

#endif
