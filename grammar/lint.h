/* Lints: what HAProxy accepts in silence and a careful reviewer would not. They look at the finished model of a
 * configuration without errors. Class `suspicious` is for what is certain: each names a witness, a request or a
 * pair of lines. Called by check_finish(); one thread. */
#ifndef LB_GRAMMAR_LINT_H
#define LB_GRAMMAR_LINT_H

#include "grammar/check_proxy.h"

/* All of them. O(n log n) in the lines of the configuration. */
void lint_run(struct checker *k);

/* The text of a line, without blanks around it. */
struct span lint_span(const struct checker *k, struct conf_pos pos);

/* lint_bind.c: two lines that listen on the same address. */
void lint_binds(struct checker *k);
/* lint_rules.c: rules behind one that takes every request; conditions that cannot hold. */
void lint_switches(struct checker *k, const struct draft *d);
void lint_conditions(struct checker *k, const struct draft *d);
/* lint_acl.c: patterns that never match, flags that became patterns. */
void lint_acls(struct checker *k, const struct draft *d);
/* The same for what stands between the braces of a condition. */
void lint_acl_terms(struct checker *k, const struct draft *d, const struct cond *cond);
/* lint_server.c: checks and cookies of which nothing is made; an open statistics page. */
void lint_servers(struct checker *k, const struct draft *d);

/* lint_tls.c: plain text on ports of TLS, servers that nobody verifies, weak settings. */
void lint_tls(struct checker *k, const struct draft *d);
void lint_tls_global(struct checker *k);
/* lint_cert.c: what is in the files of certificates and crt-lists. */
void lint_certificates(struct checker *k);

#endif
