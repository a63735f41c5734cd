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

/* lint_bind.c: lines that listen on the same address, or on a part of another one's. */
void lint_binds(struct checker *k);
/* lint_rules.c: rules behind one that takes every request; conditions that cannot hold. */
void lint_switches(struct checker *k, const struct draft *d);
void lint_conditions(struct checker *k, const struct draft *d);
/* lint_disjoint.c: two terms beside each other that no value meets. Reports and is true, or is false. */
bool lint_disjoint(struct checker *k, const struct cond_and *all, struct conf_pos pos);
/* lint_acl.c: patterns that never match, flags that became patterns. */
void lint_acls(struct checker *k, const struct draft *d);
/* The same for what stands between the braces of a condition. */
void lint_acl_terms(struct checker *k, const struct draft *d, const struct cond *cond);
/* lint_pattern.c: patterns of one test; paths that are refused in one spelling; unlike lines of one ACL. */
void lint_patterns(struct checker *k, const struct draft *d, const struct acl_expr *x);
/* lint_covered.c: patterns that others of the same ACL hold already. */
void lint_covered(struct checker *k, const struct acl *acl);
void lint_plain_paths(struct checker *k, const struct draft *d);
void lint_mixed_acls(struct checker *k, const struct draft *d);
/* lint_flow.c: rules that can only meet what earlier ones took. */
void lint_flow(struct checker *k, const struct draft *d);
/* lint_rewrite.c: named ACLs that are asked again behind a rewrite. */
void lint_rewrites(struct checker *k, const struct draft *d);
/* lint_place.c: data that has not come yet; predefined names; operators and fields with commas. */
void lint_early(struct checker *k, const struct draft *d);
void lint_predefined(struct checker *k, const struct draft *d);
void lint_places(struct checker *k, const struct draft *d);
/* lint_stick.c: counters of all proxies; the order of tracking rules of one; tables. */
void lint_counters(struct checker *k);
void lint_tracking(struct checker *k, const struct draft *d);
void lint_expiry(struct checker *k);
/* lint_names.c: what nobody uses or sets. */
void lint_names(struct checker *k);
void lint_capture(struct checker *k, const struct draft *d, const struct acl_expr *x);
/* lint_backend.c: frontends, backends and servers that cannot work as written. */
void lint_backends(struct checker *k, const struct draft *d);
/* lint_dynamic.c: names of backends that are made while running, and that no backend can have. */
void lint_dynamic(struct checker *k, const struct draft *d);
/* lint_inert.c: settings that wait for another setting; timeouts of 0; processes that stay root. */
void lint_inert(struct checker *k, const struct draft *d);
void lint_root(struct checker *k);
/* lint_lines.c: lines of one section that undo each other. */
void lint_lines(struct checker *k, const struct draft *d);
/* lint_server.c: checks and cookies of which nothing is made; an open statistics page. */
void lint_servers(struct checker *k, const struct draft *d);

/* lint_tls.c: plain text on ports of TLS, servers that nobody verifies, weak settings. */
void lint_tls(struct checker *k, const struct draft *d);
void lint_tls_global(struct checker *k);
/* lint_cert.c: what is in the files of certificates and crt-lists. */
void lint_certificates(struct checker *k);

#endif
