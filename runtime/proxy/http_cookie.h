/* Dates in persistence cookies (manual, keyword "cookie", maxidle and maxlife): `value|last|first`, each five
 * characters of base64 that count units of four seconds. Pure functions, any thread. */
#ifndef LB_PROXY_HTTP_COOKIE_H
#define LB_PROXY_HTTP_COOKIE_H

#include "grammar/model_proxy.h"

/* What a request's cookie says, in units of four seconds; 0: nothing, or nothing sensible. */
struct cookie_dates {
	uint32_t last, first;
	bool any; /* there is something behind the value */
};

/* text: what stands behind the first `|`. */
struct cookie_dates cookie_dates_parse(struct str text);
/* The present, rounded up. */
uint32_t cookie_date_now(uint64_t seconds);
/* 'V', or why the cookie is too old: 'E' (used), 'O' (first seen). Dates that are out of time are forgotten: they are not held against
 * the next cookie. */
char cookie_dates_judge(const struct cookie_conf *conf, struct cookie_dates *d, uint64_t seconds);
/* Is the client to get a new one although its server stays? */
bool cookie_dates_stale(const struct cookie_conf *conf, const struct cookie_dates *d, uint64_t seconds);
/* Five characters. */
void cookie_date_write(char text[5], uint32_t date);

#endif
