/* Names that are followed while everything runs (manual, section 5.3): sections of name servers, questions that
 * are asked again and again, and servers that take their addresses from the answers. All of it lives on worker
 * 0; a lock lets others look. One of a process. */
#ifndef LB_DNS_DNS_H
#define LB_DNS_DNS_H

#include "grammar/base/out.h"
#include "runtime/core/process.h"

struct dns;
struct server;

/* Sections and followed servers of the process's generation. Main thread, before workers run. False: no memory.
 */
bool dns_init(struct process *p);
void dns_free(struct process *p);
/* Begins to ask. On worker 0, before its loop. */
void dns_start(struct worker *w);
/* On worker 0, at its end. */
void dns_stop(struct worker *w);
/* `show resolvers`: all sections, or that one. False: there is none of that name. Any worker. */
bool dns_show(struct process *p, struct str section, struct out *out);
/* `show stat domain resolvers`. Any worker. */
void dns_stat(struct process *p, bool typed, struct out *out);
/* `clear counters`. Any worker. */
void dns_clear(struct process *p);
/* The name that a server is known by now, into text; and that of its service. Empty: none. Any worker. */
void dns_names(struct process *p, struct server *s, char name[256], char service[256]);
/* `set server b/s fqdn NAME`: follows another name from now on. by: who wants it. False: no resolvers follow
 * it. Any worker. */
bool dns_rename(struct worker *w, struct server *s, struct str name, const char *by, struct out *answer);

#endif
