/* Between the files that read checks of servers. One thread. */
#ifndef LB_GRAMMAR_CHECK_HEALTH_H
#define LB_GRAMMAR_CHECK_HEALTH_H

#include "grammar/check_proxy.h"

/* A new step of the check of the use's proxy; steps inherited from defaults go with the first. http: of
 * http-check. NULL when it cannot stand here, which is reported. */
struct hc_step *check_health_step(const struct keyword_use *use, enum hc_step_kind kind, bool http);
/* A mistake at word i, or at the end when there is no such word. haproxy: its words behind "'http-check expect'
 * : ", or NULL. */
struct diag *check_health_error(const struct keyword_use *use, uint32_t i, const char *message,
				const char *haproxy);
/* The words behind `connect`. */
bool check_health_connect(const struct keyword_use *use, bool http);
/* The words behind `expect`; http: of http-check. check_expect.c */
bool check_health_expect(const struct keyword_use *use, bool http);
/* set-var(NAME) and its like at word `at`. */
bool check_health_var(const struct keyword_use *use, uint32_t at, bool http);
/* Word i as bytes written in hexadecimal. */
bool check_health_hex(const struct keyword_use *use, uint32_t i, struct str *bytes);

#endif
