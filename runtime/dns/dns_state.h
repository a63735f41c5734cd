/* Inside runtime/dns: what its files share. section.c has the sockets, question.c asks, follow.c has the
 * servers, lookup.c those who want to know a name once. Worker 0, and
 * under dns->lock what others may look at. */
#ifndef LB_DNS_DNS_STATE_H
#define LB_DNS_DNS_STATE_H

#include <ev.h>
#include <pthread.h>

#include "grammar/model_dns.h"
#include "runtime/backend/server.h"
#include "runtime/core/worker.h"
#include "runtime/dns/dns.h"
#include "runtime/dns/message.h"

enum { ID_BUCKETS = 1024, ANSWER_MAX = 65535 };

/* In the order of `show resolvers`. */
#define DNS_COUNTERS(X)                                                                                        \
	X(sent)                                                                                                \
	X(snd_error)                                                                                           \
	X(valid)                                                                                               \
	X(update)                                                                                              \
	X(cname)                                                                                               \
	X(cname_error)                                                                                         \
	X(any_err)                                                                                             \
	X(nx)                                                                                                  \
	X(timeout)                                                                                             \
	X(refused)                                                                                             \
	X(other)                                                                                               \
	X(invalid)                                                                                             \
	X(too_big)                                                                                             \
	X(truncated)                                                                                           \
	X(outdated)

struct dns_counters {
#define X(name) uint64_t name;
	DNS_COUNTERS(X)
#undef X
};

struct dns_section;

struct nameserver {
	struct dns_section *section;
	char name[64];
	struct sockaddr_storage addr;
	socklen_t addr_len;
	bool stream;
	ev_io io;    /* fd -1: not open */
	uint8_t *in; /* of a stream: what has come of an answer with its length in front */
	uint32_t nin;
	struct dns_counters counters; /* under dns->lock */
};

struct dns_section {
	struct dns *dns;
	const struct resolvers_conf *conf;
	struct nameserver *servers;
	uint32_t nservers;
	struct list questions;
	uint32_t nquestions;
	struct list by_name[ID_BUCKETS];
	struct list by_id[ID_BUCKETS]; /* those that are being asked */
};

/* Of an answer: what it has, and when it was last seen there. */
struct dns_known {
	struct dns_record record;
	uint64_t seen; /* ms */
};

struct dns_question {
	struct list node, name_node, id_node;
	struct dns_section *section;
	char name[DNS_NAME_MAX + 1];
	uint16_t wanted, first, type; /* the preferred type, the one that this time begins with, the one that is asked for now */
	uint8_t query[DNS_QUERY_MAX];
	size_t nquery;
	bool asking;
	uint32_t tries, refusals; /* left; answers to this very message that were of no use */
	enum dns_status said;     /* by the last of them; DNS_TIMEOUT: nothing */
	enum dns_status status;   /* of the last answer */
	uint64_t last_valid;      /* ms; 0: never */
	struct deadline deadline; /* asking: patience; else the next time */
	struct dns_known *known;
	uint32_t nknown;
	struct list followers, lookups;
};

/* A server whose address follows a name, or whose name follows a service. */
struct dns_follower {
	struct list node;                        /* question->followers, or alone */
	struct list service_node;                /* of the question about its service */
	struct dns_question *question, *service; /* NULL: none */
	struct server *server;
	uint16_t port;               /* by its service; 0: as configured */
	unsigned weight;             /* by its service, and 1; 0: not said */
	char wish[DNS_NAME_MAX + 1]; /* by `set server ... fqdn`, not yet acted on */
};

struct dns {
	pthread_mutex_t lock;
	struct worker *worker; /* NULL: it has not begun, or has ended */
	bool stopped;
	uint8_t families;      /* enum dns_family */
	bool routed;           /* a route leads to addresses of IPv6 */
	uint64_t routed_until; /* when that is to be looked at again */
	struct dns_section *sections;
	uint32_t nsections;
	struct dns_follower *followers;
	uint32_t nfollowers;
};

/* section.c. Those of the model, and `default` with the name servers of this machine. False: no memory. */
bool dns_sections_init(struct dns *d, const struct model *m);
/* Nothing is asked or heard any more. */
void dns_sections_close(struct dns *d);
void dns_sections_free(struct dns *d);
/* Sends a message to every name server; how many took it. */
uint32_t dns_section_send(struct dns_section *s, const uint8_t *msg, size_t len);

/* family.c. May addresses of this type (or services) be asked for? */
bool dns_family_accepts(struct dns *d, uint16_t type);
/* Those of the configuration, or of the version that is spoken. */
void dns_family_init(struct dns *d, const struct process *p);

/* question.c. Somebody asks it, or NULL. */
struct dns_question *dns_question_find(struct dns_section *s, const char *name, uint16_t type);
/* The one about this name and type, made when nobody asks it yet; asked soon. NULL: no memory. */
struct dns_question *dns_question_get(struct dns_section *s, const char *name, uint16_t type);
/* Asks now, unless it is being asked. It may be gone then, and everybody who waited for it has been told. */
void dns_question_ask(struct dns_question *q);
/* When nobody needs it any more, it goes. */
void dns_question_leave(struct dns_question *q);
void dns_question_free(struct dns_question *q);
/* A message has come from a name server. */
void dns_question_heard(struct nameserver *ns, const uint8_t *msg, size_t len);

/* follow.c. The question has an answer (by: who gave it), or none: q->status. True when the first server has
 * another address. */
bool dns_follow(struct dns_question *q, const char *by);

/* lookup.c. Tells those who wait; the question goes when nobody else needs it. */
void dns_lookup_answer(struct dns_question *q);
/* Does nobody want to know any more? */
bool dns_lookup_left(const struct dns_question *q);
/* At the end: nobody will be told. */
void dns_lookup_drop(struct dns_question *q);

#endif
