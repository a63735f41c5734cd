/* Converters of dates (manual, section 7.3.1). One thread. */
#include <stdio.h>
#include <time.h>

#include "runtime/eval/fetch.h"

enum { DATE_MAX = 512 };

/* strftime(3) of seconds since 1970; an empty text when it does not fit. */
static bool format_time(struct eval *e, const struct arg *args, struct sample *s,
			struct tm *(*split)(const time_t *, struct tm *))
{
	time_t seconds = (time_t)(s->sint + (arg_is_set(&args[1]) ? args[1].sint : 0));
	char *buf = scratch_alloc(e->scratch, DATE_MAX);
	struct tm tm;

	if (!buf || !split(&seconds, &tm))
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
	int64_t value = s->sint + (arg_is_set(&args[0]) ? args[0].sint : 0);
	time_t seconds = (time_t)(value / per_second);
	char fraction[8] = "";
	struct tm tm;

	if (value < 0 || !gmtime_r(&seconds, &tm))
		return false;
	if (digits)
		snprintf(fraction, sizeof(fraction), ".%0*u", digits, (unsigned)(value % per_second) % 1000000);
	return sample_set_str(s, scratch_printf(e->scratch, "%.3s, %02d %.3s %04d %02d:%02d:%02d%s GMT",
						days + 3 * tm.tm_wday, tm.tm_mday, months + 3 * tm.tm_mon,
						tm.tm_year + 1900, tm.tm_hour, tm.tm_min, tm.tm_sec, fraction));
}
