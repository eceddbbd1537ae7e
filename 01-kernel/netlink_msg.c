/*
 * netlink_msg.c - see netlink_msg.h.
 */
#include "netlink_msg.h"

#include <arpa/inet.h>
#include <endian.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#ifndef SOL_NETLINK
#define SOL_NETLINK 270
#endif

void nl_request_free(struct nl_request *r)
{
	strbuf_free(&r->buf);
}

/* Netlink aligns everything to four bytes; what is added are zeros. */
static void pad(struct nl_request *r)
{
	strbuf_add(&r->buf, "\0\0\0", (4 - r->buf.len % 4) % 4);
}

static void set_length(struct nl_request *r)
{
	uint32_t len = (uint32_t)(r->buf.len - r->message);

	memcpy(r->buf.data + r->message + offsetof(struct nlmsghdr, nlmsg_len), &len, sizeof len);
}

void nl_begin(struct nl_request *r, uint16_t type, uint16_t flags, const void *body, size_t n)
{
	struct nlmsghdr h = {
		.nlmsg_type = type, .nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags),
		.nlmsg_seq = ++r->seq,
	};

	r->message = r->buf.len;
	strbuf_add(&r->buf, &h, sizeof h);
	strbuf_add(&r->buf, body, n);
	pad(r);
	set_length(r);
}

void nl_put(struct nl_request *r, uint16_t type, const void *value, size_t n)
{
	struct nlattr a = { .nla_len = (uint16_t)(sizeof a + n), .nla_type = type };

	strbuf_add(&r->buf, &a, sizeof a);
	strbuf_add(&r->buf, value, n);
	pad(r);
	set_length(r);
}

void nl_put_str(struct nl_request *r, uint16_t type, const char *value)
{
	nl_put(r, type, value, strlen(value) + 1);
}

void nl_put_u32(struct nl_request *r, uint16_t type, uint32_t value)
{
	nl_put(r, type, &value, sizeof value);
}

void nl_put_be32(struct nl_request *r, uint16_t type, uint32_t value)
{
	nl_put_u32(r, type, htonl(value));
}

void nl_put_be64(struct nl_request *r, uint16_t type, uint64_t value)
{
	value = htobe64(value);
	nl_put(r, type, &value, sizeof value);
}

size_t nl_nest(struct nl_request *r, uint16_t type)
{
	size_t nest = r->buf.len;

	nl_put(r, type | NLA_F_NESTED, NULL, 0);
	return nest;
}

void nl_nest_raw(struct nl_request *r, const void *bytes, size_t n)
{
	strbuf_add(&r->buf, bytes, n);
	pad(r);
	set_length(r);
}

void nl_nest_end(struct nl_request *r, size_t nest)
{
	uint16_t len = (uint16_t)(r->buf.len - nest);

	memcpy(r->buf.data + nest + offsetof(struct nlattr, nla_len), &len, sizeof len);
}

/* A batch must fit into one send, and its answers into the buffer. Beyond the
 * limit in /proc/sys/net/core only CAP_NET_ADMIN helps. */
static void set_buffer(int fd, int force, int option)
{
	int size = 8 << 20;

	if (setsockopt(fd, SOL_SOCKET, force, &size, sizeof size))
		setsockopt(fd, SOL_SOCKET, option, &size, sizeof size);
}

int nl_open(int protocol, struct err *err)
{
	AUTO_CLOSE int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol);
	struct sockaddr_nl self = { .nl_family = AF_NETLINK };
	int on = 1;

	if (fd < 0)
		return err_sys(err, "open a netlink socket");
	/* The kernel then says in words what it dislikes. Old ones cannot. */
	setsockopt(fd, SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof on);
	setsockopt(fd, SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof on);
	set_buffer(fd, SO_RCVBUFFORCE, SO_RCVBUF);
	set_buffer(fd, SO_SNDBUFFORCE, SO_SNDBUF);
	if (bind(fd, (struct sockaddr *)&self, sizeof self))
		return err_sys(err, "bind a netlink socket");
	return steal_fd(&fd);
}

static int send_all(int sock, const struct nl_request *r, struct err *err)
{
	struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };

	while (sendto(sock, r->buf.data, r->buf.len, 0, (struct sockaddr *)&kernel,
		      sizeof kernel) < 0)
		if (errno != EINTR)
			return err_sys(err, "send a netlink request");
	return 0;
}

/* One datagram of the kernel's into buf. ENOBUFS says that some did not fit into
 * the socket's buffer and are lost: what did is still there, and is no longer
 * waited for. */
static ssize_t receive(int sock, char *buf, size_t size, struct err *err)
{
	int flags = 0;
	ssize_t n;

	do {
		n = recv(sock, buf, size, flags);
		if (n < 0 && errno == ENOBUFS)
			flags = MSG_DONTWAIT;
	} while (n < 0 && (errno == EINTR || errno == ENOBUFS));
	return n < 0 ? err_sys(err, "receive a netlink answer") : n;
}

/* The extended acknowledgement's text, behind the error (NLM_F_ACK_TLVS). */
static const char *kernel_text(const struct nlmsghdr *h)
{
	size_t n, skip = sizeof(struct nlmsgerr);
	const struct nlmsgerr *e = NLMSG_DATA(h);
	const char *text;

	if (!(h->nlmsg_flags & NLM_F_ACK_TLVS))
		return NULL;
	/* Without NLM_F_CAPPED the request is quoted in full before it. */
	if (!(h->nlmsg_flags & NLM_F_CAPPED))
		skip += e->msg.nlmsg_len - sizeof e->msg;
	text = nl_attr(h, skip, NLMSGERR_ATTR_MSG, &n);
	return text && n && !text[n - 1] ? text : NULL;
}

static int answer_failed(const struct nlmsghdr *h, const char *what, struct err *err)
{
	const struct nlmsgerr *e = NLMSG_DATA(h);
	const char *text = kernel_text(h);

	if (text)
		return err_errno(err, -e->error, "%s (%s)", what, text);
	return err_errno(err, -e->error, "%s", what);
}

/* How many of the request's messages want an answer. */
static size_t count_acks(const struct nl_request *r)
{
	size_t acks = 0;

	for (size_t at = 0; at + sizeof(struct nlmsghdr) <= r->buf.len;) {
		struct nlmsghdr h;

		memcpy(&h, r->buf.data + at, sizeof h);
		acks += (h.nlmsg_flags & NLM_F_ACK) != 0;
		at += NLMSG_ALIGN(h.nlmsg_len);
	}
	return acks;
}

/* The next message of the `left` bytes at *at, or NULL. The last one need not be
 * padded to four bytes, which NLMSG_NEXT's arithmetic takes badly. */
static const struct nlmsghdr *next_message(const char **at, size_t *left)
{
	const struct nlmsghdr *h = (const void *)*at;
	size_t n;

	if (*left < sizeof *h || h->nlmsg_len < sizeof *h || h->nlmsg_len > *left)
		return NULL;
	n = NLMSG_ALIGN(h->nlmsg_len);
	n = n > *left ? *left : n;
	*at += n;
	*left -= n;
	return h;
}

int nl_transact(int sock, struct nl_request *r, const char *what, struct err *err)
{
	char buf[16384] __attribute__((aligned(8)));
	size_t waiting = count_acks(r);
	int failed = 0;

	if (send_all(sock, r, err))
		return err_wrap(err, "%s", what);
	while (waiting) {
		ssize_t got = receive(sock, buf, sizeof buf, err);
		size_t left = (size_t)got;
		const char *at = buf;

		if (got < 0)
			return err_wrap(err, "%s", what);
		for (const struct nlmsghdr *h; (h = next_message(&at, &left));) {
			if (h->nlmsg_type != NLMSG_ERROR)
				continue;
			waiting -= waiting > 0;
			if (!((const struct nlmsgerr *)NLMSG_DATA(h))->error || failed)
				continue;
			failed = answer_failed(h, what, err);
			/* A batch that failed as a whole has one answer, or one for each
			 * message it disliked: do not wait for the others. */
			waiting = 0;
		}
	}
	return failed;
}

int nl_dump(int sock, struct nl_request *r, nl_each fn, void *arg, struct err *err)
{
	char buf[32768] __attribute__((aligned(8)));

	if (send_all(sock, r, err))
		return -1;
	for (;;) {
		ssize_t got = receive(sock, buf, sizeof buf, err);
		size_t left = (size_t)got;
		const char *at = buf;

		if (got < 0)
			return -1;
		for (const struct nlmsghdr *h; (h = next_message(&at, &left));) {
			if (h->nlmsg_type == NLMSG_DONE)
				return 0;
			/* The acknowledgement ends the answer to a request for one thing. */
			if (h->nlmsg_type == NLMSG_ERROR)
				return ((const struct nlmsgerr *)NLMSG_DATA(h))->error
					       ? answer_failed(h, "list", err) : 0;
			if (fn(h, arg, err))
				return -1;
		}
	}
}

const void *nl_attr(const struct nlmsghdr *msg, size_t header, uint16_t type, size_t *n)
{
	const char *p = (const char *)msg + NLMSG_HDRLEN + NLMSG_ALIGN(header);
	const char *end = (const char *)msg + msg->nlmsg_len;

	while (end - p >= (ptrdiff_t)sizeof(struct nlattr)) {
		const struct nlattr *a = (const void *)p;

		if (a->nla_len < sizeof *a || a->nla_len > end - p)
			break;
		if ((a->nla_type & NLA_TYPE_MASK) == type) {
			*n = a->nla_len - sizeof *a;
			return a + 1;
		}
		p += NLA_ALIGN(a->nla_len);
	}
	return NULL;
}
