/*
 * dns_names.c - see dns_names.h.
 */
#include "dns_names.h"

#include <string.h>
#include <strings.h>

struct search {
	const struct network *net;
	const struct endpoint *me; /* the one who asks */
	int family;
	struct dns_answer *answers;
	int n;
	bool known;
};

static const struct endpoint *own_endpoint(const struct network *net, const char *container)
{
	const struct endpoint *ep = net->endpoints;

	while (ep && strcmp(ep->container, container))
		ep = ep->next;
	return ep;
}

/* "web", and "web.NETWORK". */
static bool is_called(const struct endpoint *ep, const char *name)
{
	const char *net = ep->net->name;

	for (size_t i = 0; i < ep->names.n; i++) {
		size_t len = strlen(ep->names.v[i]);

		if (strncasecmp(ep->names.v[i], name, len))
			continue;
		if (!name[len] || (name[len] == '.' && !strcasecmp(name + len + 1, net)))
			return true;
	}
	return !strcmp(ep->container, name);
}

static void add(struct search *s, const struct kern_addr *ip)
{
	s->known = true;
	if (ip->family != s->family || s->n == DNS_ANSWERS_MAX)
		return;
	s->answers[s->n++] = (struct dns_answer){ .ip = *ip };
}

static void search_network(struct search *s, const char *name)
{
	for (const struct endpoint *ep = s->net->endpoints; ep; ep = ep->next)
		if (is_called(ep, name))
			add(s, s->family == AF_INET6 ? &ep->ip6 : &ep->ip);
}

/* A link "db:database" is the asker's own name for a neighbour. */
static void search_links(struct search *s, const char *name)
{
	for (size_t i = 0; i < s->me->links.n; i++) {
		const char *link = s->me->links.v[i], *colon = strchr(link, ':');
		AUTO_FREE char *target = xstrndup(link, colon ? (size_t)(colon - link)
							      : strlen(link));

		if (!strcasecmp(colon ? colon + 1 : link, name))
			search_network(s, target + (*target == '/'));
	}
}

static bool same(const struct kern_addr *a, const struct kern_addr *b)
{
	return a->family == b->family &&
	       !memcmp(&a->ip, &b->ip, a->family == AF_INET ? 4 : 16);
}

static void search_address(struct search *s, const struct kern_addr *ip)
{
	for (const struct endpoint *ep = s->net->endpoints; ep && !s->n; ep = ep->next) {
		if ((!same(&ep->ip, ip) && !same(&ep->ip6, ip)) || !ep->names.n)
			continue;
		snprintf(s->answers[0].name, DNS_NAME_SIZE, "%s.%s", ep->names.v[0], s->net->name);
		s->answers[0].ip.family = 0;
		s->n = 1;
		s->known = true;
	}
}

static void search_one(struct search *s, const struct dns_question *q)
{
	struct kern_addr ip;

	if (q->type == DNS_PTR) {
		if (dns_reverse_parse(q->name, &ip))
			search_address(s, &ip);
		return;
	}
	search_links(s, q->name);
	if (!s->known)
		search_network(s, q->name);
}

/* Those who share an alias are each asked first in turn. */
static void rotate(struct dns_answer *answers, int n, unsigned by)
{
	for (unsigned turns = n > 1 ? by % (unsigned)n : 0; turns; turns--) {
		struct dns_answer first = answers[0];

		memmove(answers, answers + 1, (size_t)(n - 1) * sizeof *answers);
		answers[n - 1] = first;
	}
}

int dns_lookup(struct networks *all, const char *container, const struct dns_question *q,
	       struct dns_answer answers[DNS_ANSWERS_MAX])
{
	struct search s = { .family = q->type == DNS_AAAA ? AF_INET6 : AF_INET,
			    .answers = answers };

	if (!q->name[0] || q->class != 1 ||
	    (q->type != DNS_A && q->type != DNS_AAAA && q->type != DNS_PTR))
		return -1;
	pthread_mutex_lock(&all->lock);
	for (s.net = all->list; s.net; s.net = s.net->next) {
		s.me = s.net->dns ? own_endpoint(s.net, container) : NULL;
		if (s.me)
			search_one(&s, q);
	}
	pthread_mutex_unlock(&all->lock);
	rotate(answers, s.n, q->id);
	return s.known ? s.n : -1;
}
