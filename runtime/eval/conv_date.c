/* Converters of dates (manual, section 7.3.1). One thread. */
#include <stdio.h>
#include <time.h>

#include "runtime/eval/fetch.h"

enum { DATE_MAX = 512 };

/* strftime(3) of seconds since 1970; an empty text when it does not fit. */
static bool format_time(struct eval *e, const struct arg *args, struct sample *s,
			struct tm *(*split)(const time_t *, struct tm *))
{
	char *buf = scratch_alloc(e->scratch, DATE_MAX);
	int64_t value;
	time_t seconds;
	struct tm tm;

	if (!buf || __builtin_add_overflow(s->sint, args[1].sint, &value))
		return false;
	seconds = (time_t)value;
	if (!split(&seconds, &tm))
		return false;
	return sample_set_str(s, str_make(buf, strftime(buf, DATE_MAX, args[0].str.ptr, &tm)));
}

bool conv_utime(struct eval *e, const struct arg *args, struct sample *s)
{
	return format_time(e, args, s, gmtime_r);
}

bool conv_ltime(struct eval *e, const struct arg *args, struct sample *s)
{
	return format_time(e, args, s, localtime_r);
}

/* http_date([offset[,unit]]): IMF-fixdate (RFC 9110, section 5.6.7), for finer units with a fraction. */
bool conv_http_date(struct eval *e, const struct arg *args, struct sample *s)
{
	static const char days[] = "SunMonTueWedThuFriSat", months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	struct str unit = args[1].str;
	int digits = unit.len != 2 ? 0 : unit.ptr[0] == 'm' ? 3 : 6;
	int64_t per_second = digits == 6 ? 1000000 : digits ? 1000 : 1;
	char fraction[8] = "";
	int64_t value;
	time_t seconds;
	struct tm tm;

	if (__builtin_add_overflow(s->sint, args[0].sint, &value) || value < 0)
		return false;
	seconds = (time_t)(value / per_second);
	if (!gmtime_r(&seconds, &tm))
		return false;
	if (digits)
		snprintf(fraction, sizeof(fraction), ".%0*u", digits, (unsigned)(value % per_second) % 1000000);
	return sample_set_str(s, scratch_printf(e->scratch, "%.3s, %02d %.3s %04d %02d:%02d:%02d%s GMT",
						days + 3 * tm.tm_wday, tm.tm_mday, months + 3 * tm.tm_mon,
						tm.tm_year + 1900, tm.tm_hour, tm.tm_min, tm.tm_sec, fraction));
}
