/* Converters of dates (manual, section 7.3.1). One thread. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "runtime/eval/fetch.h"

enum { DATE_MAX = 512 };
/* HAProxy takes no more of a time, which makes dates before 1970 far future ones. */
#define TIME_BITS 0x007fffffffffffffll

/* "%N", "%3N": so many digits of the part below a second, nine of them by default. Behind it; NULL: it is
 * something else. */
static const char *put_fraction(char *format, size_t *n, const char *p, int64_t nanoseconds)
{
	int width = 9;
	char digits[16];

	if (p[1] >= '1' && p[1] <= '9' && p[2] == 'N')
		width = *++p - '0';
	if (p[1] != 'N')
		return NULL;
	snprintf(digits, sizeof(digits), "%09u", (unsigned)nanoseconds);
	memcpy(format + *n, digits, (size_t)width);
	*n += (size_t)width;
	return p + 2;
}

/* The format of strftime(3) with all %N replaced. */
static void put_fractions(char *format, const char *p, int64_t nanoseconds)
{
	size_t n = 0;

	while (*p && n + 10 < DATE_MAX) {
		const char *behind = *p == '%' ? put_fraction(format, &n, p, nanoseconds) : NULL;

		if (behind) {
			p = behind;
			continue;
		}
		format[n++] = *p++;
		if (p[-1] == '%' && *p)
			format[n++] = *p++;
	}
	format[n] = 0;
}

/* strftime(3) of a time in units of 1/per_second since 1970; below a second there is %N. An empty text when it
 * does not fit. */
static bool format_time(struct eval *e, const struct arg *args, struct sample *s, int64_t per_second,
			struct tm *(*split)(const time_t *, struct tm *))
{
	char *buf = scratch_alloc(e->scratch, DATE_MAX), format[DATE_MAX];
	const char *text = args[0].str.ptr;
	int64_t value, below;
	time_t seconds;
	struct tm tm;

	if (!buf || __builtin_add_overflow(s->sint & TIME_BITS, args[1].sint, &value))
		return false;
	below = (value % per_second + per_second) % per_second;
	seconds = (time_t)((value - below) / per_second);
	if (!split(&seconds, &tm))
		return false;
	if (per_second > 1) {
		put_fractions(format, text, below * (1000000000 / per_second));
		text = format;
	}
	return sample_set_str(s, str_make(buf, strftime(buf, DATE_MAX, text, &tm)));
}

bool conv_utime(struct eval *e, const struct arg *args, struct sample *s)
{
	return format_time(e, args, s, 1, gmtime_r);
}

bool conv_ltime(struct eval *e, const struct arg *args, struct sample *s)
{
	return format_time(e, args, s, 1, localtime_r);
}

bool conv_ms_utime(struct eval *e, const struct arg *args, struct sample *s)
{
	return format_time(e, args, s, 1000, gmtime_r);
}

bool conv_ms_ltime(struct eval *e, const struct arg *args, struct sample *s)
{
	return format_time(e, args, s, 1000, localtime_r);
}

bool conv_us_utime(struct eval *e, const struct arg *args, struct sample *s)
{
	return format_time(e, args, s, 1000000, gmtime_r);
}

bool conv_us_ltime(struct eval *e, const struct arg *args, struct sample *s)
{
	return format_time(e, args, s, 1000000, localtime_r);
}

/* date: seconds since 1970 of an HTTP date in any of its three forms (RFC 9110, section 5.6.7). */
bool conv_date(struct eval *e, const struct arg *args, struct sample *s)
{
	static const char *const forms[] = {"%a, %d %b %Y %H:%M:%S GMT", "%A, %d-%b-%y %H:%M:%S GMT",
					    "%a %b %e %H:%M:%S %Y"};
	struct str text = scratch_printf(e->scratch, "%.*s", STR_ARG(s->str));
	struct tm tm;

	(void)args;
	for (size_t i = 0; text.ptr && i < sizeof(forms) / sizeof(forms[0]); i++) {
		const char *end;

		memset(&tm, 0, sizeof(tm));
		end = strptime(text.ptr, forms[i], &tm);
		if (end && !*end)
			return sample_set_int(s, timegm(&tm));
	}
	return false;
}

/* http_date([offset[,unit]]): IMF-fixdate (RFC 9110, section 5.6.7), for finer units with a fraction. */
bool conv_http_date(struct eval *e, const struct arg *args, struct sample *s)
{
	static const char days[] = "SunMonTueWedThuFriSat", months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	struct str unit = args[1].str;
	int64_t per_second = unit.len != 2 ? 1 : unit.ptr[0] == 'm' ? 1000 : 1000000;
	char fraction[24] = "";
	int64_t value;
	time_t seconds;
	struct tm tm;

	if (__builtin_add_overflow(s->sint, args[0].sint, &value))
		return false;
	seconds = (time_t)(value / per_second & TIME_BITS);
	if (!gmtime_r(&seconds, &tm))
		return false;
	if (per_second > 1)
		snprintf(fraction, sizeof(fraction), ".%lld", (long long)(value % per_second));
	return sample_set_str(s, scratch_printf(e->scratch, "%.3s, %02d %.3s %04d %02d:%02d:%02d%s GMT",
						days + 3 * tm.tm_wday, tm.tm_mday, months + 3 * tm.tm_mon,
						tm.tm_year + 1900, tm.tm_hour, tm.tm_min, tm.tm_sec, fraction));
}
