/* Dates in persistence cookies: reading, writing, judging. */
#include "runtime/proxy/http_cookie.h"

enum { DATE_LEN = 5, UNIT = 4, FUTURE = 86400 /* clocks differ, but not by more than a day */ };

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* What follows a date is not looked at. */
static uint32_t date_read(struct str text)
{
	uint32_t date = 0;

	if (text.len < DATE_LEN)
		return 0;
	for (size_t i = 0; i < DATE_LEN; i++) {
		const char *digit = memchr(digits, text.ptr[i], sizeof(digits) - 1);

		if (!digit)
			return 0;
		date = date << 6 | (uint32_t)(digit - digits);
	}
	return date;
}

struct cookie_dates cookie_dates_parse(struct str text)
{
	size_t bar = str_chr(text, '|');
	struct str first = str_tail(text, bar + 1);

	return (struct cookie_dates){.last = date_read(str_sub(text, 0, bar)),
				     .first = date_read(str_sub(first, 0, str_chr(first, '|'))),
				     .any = true};
}

uint32_t cookie_date_now(uint64_t seconds)
{
	return (uint32_t)((seconds + UNIT - 1) / UNIT);
}

static bool out_of_time(uint32_t date, uint32_t limit, uint64_t now)
{
	uint64_t at = (uint64_t)date * UNIT;

	return limit && date && (at + limit < now || at > now + FUTURE);
}

char cookie_dates_judge(const struct cookie_conf *conf, struct cookie_dates *d, uint64_t seconds)
{
	char age = 'V';

	if (out_of_time(d->last, conf->maxidle, seconds)) {
		d->last = 0;
		age = 'E';
	}
	if (out_of_time(d->first, conf->maxlife, seconds)) {
		d->first = 0;
		age = 'O';
	}
	return age;
}

bool cookie_dates_stale(const struct cookie_conf *conf, const struct cookie_dates *d, uint64_t seconds)
{
	if (!conf->maxidle && !conf->maxlife && d->first)
		return true;
	if ((conf->maxidle || d->last) && d->last < cookie_date_now(seconds))
		return true;
	return conf->maxlife && !d->first;
}

void cookie_date_write(char text[5], uint32_t date)
{
	for (int i = DATE_LEN - 1; i >= 0; i--) {
		text[i] = digits[date & 63];
		date >>= 6;
	}
}
