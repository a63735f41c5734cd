/* Reading syslog messages: priority, then a header of RFC 5424 or RFC 3164, or nothing that we know. What is
 * accepted is what HAProxy 2.6 accepts; unlike it, a message that begins like RFC 5424 and is not keeps its
 * last two bytes. Pure functions. */
#include "runtime/log/syslog.h"

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Text that looks like a pattern of digits (0), digits or blanks (_) and itself. */
static bool looks_like(struct str s, const char *pattern)
{
	size_t n = strlen(pattern);

	if (s.len < n)
		return false;
	for (size_t i = 0; i < n; i++) {
		bool digit = is_digit(s.ptr[i]);

		if (pattern[i] == '0'   ? !digit
		    : pattern[i] == '_' ? !digit && s.ptr[i] != ' '
					: s.ptr[i] != pattern[i])
			return false;
	}
	return true;
}

/* "<165>": digits and nothing else. */
static void take_priority(struct str *rest, struct syslog_message *m)
{
	uint32_t value = 0;
	size_t i = 1;

	if (!rest->len || rest->ptr[0] != '<')
		return;
	for (; i < rest->len && is_digit(rest->ptr[i]); i++)
		value = (value * 10 + (uint32_t)(rest->ptr[i] - '0')) % 100000;
	if (i == rest->len || rest->ptr[i] != '>')
		return;
	m->has_priority = true;
	m->facility = value >> 3;
	m->level = value & 7;
	*rest = str_tail(*rest, i + 1);
}

/* One word and the blank behind it. False: there is no blank, or no word. */
static bool take_word(struct str *rest, struct str *word)
{
	size_t n = str_chr(*rest, ' ');

	if (!n || n == rest->len)
		return false;
	*word = str_sub(*rest, 0, n);
	*rest = str_tail(*rest, n + 1);
	return true;
}

/* The same; "-" is no value. */
static bool take_field(struct str *rest, struct str *word)
{
	if (!take_word(rest, word))
		return false;
	if (str_is(*word, "-"))
		*word = STR_NONE;
	return true;
}

/* --- RFC 5424, section 6 */

/* "2003-10-11T22:14:15[.digits](Z|+02:00|-02:00)" */
static bool is_stamp(struct str s)
{
	if (!looks_like(s, "0000-00-00T00:00:00"))
		return false;
	s = str_tail(s, 19);
	if (s.len && s.ptr[0] == '.') {
		size_t n = 1;

		while (n < s.len && is_digit(s.ptr[n]))
			n++;
		if (n == 1)
			return false;
		s = str_tail(s, n);
	}
	return str_is(s, "Z") || (s.len == 6 && (looks_like(s, "+00:00") || looks_like(s, "-00:00")));
}

/* "-", or elements in brackets; a bracket inside is escaped. False: neither, or no blank behind it. */
static bool take_data(struct str *rest, struct str *data)
{
	size_t i = 0;

	if (looks_like(*rest, "- ")) {
		*rest = str_tail(*rest, 2);
		return true;
	}
	while (i < rest->len && rest->ptr[i] == '[') {
		while (i < rest->len && rest->ptr[i] != ']')
			i += 1 + (rest->ptr[i] == '\\');
		i++;
	}
	if (!i || i >= rest->len || rest->ptr[i] != ' ')
		return false;
	*data = str_sub(*rest, 0, i);
	*rest = str_tail(*rest, i + 1);
	return true;
}

static bool parse_5424(struct str rest, struct syslog_message *m)
{
	struct syslog_message found = *m;

	if (!looks_like(rest, "1 "))
		return false;
	rest = str_tail(rest, 2);
	if (!take_field(&rest, &found.stamp) || (found.stamp.len && !is_stamp(found.stamp)) ||
	    !take_field(&rest, &found.host) || !take_field(&rest, &found.tag) ||
	    !take_field(&rest, &found.pid) || !take_field(&rest, &found.id) || !take_data(&rest, &found.data))
		return false;
	found.form = SYSLOG_RFC5424;
	found.text = rest;
	*m = found;
	return true;
}

/* --- RFC 3164, section 4.1 */

static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

/* 0 to 11; -1: none. */
static int month_of(struct str s)
{
	for (int i = 0; s.len >= 3 && i < 12; i++)
		if (!memcmp(s.ptr, months + 3 * i, 3))
			return i;
	return -1;
}

/* "tag: " or "tag[pid]: " */
static void take_tag(struct str *rest, struct syslog_message *m)
{
	size_t n = str_chr(*rest, ' '), bracket;
	struct str word = str_sub(*rest, 0, n);

	if (n == rest->len || !n || word.ptr[n - 1] != ':')
		return;
	word.len--;
	*rest = str_tail(*rest, n + 1);
	m->tag = word;
	bracket = str_chr(word, '[');
	if (bracket == word.len || word.ptr[word.len - 1] != ']')
		return;
	m->pid = str_sub(word, bracket + 1, word.len - bracket - 2);
	if (bracket)
		m->tag = str_sub(word, 0, bracket);
}

static bool parse_3164(struct str rest, struct syslog_message *m)
{
	struct str stamp = str_sub(rest, 0, 15);

	if (month_of(rest) < 0 || !looks_like(str_tail(rest, 3), " _0 00:00:00 "))
		return false;
	rest = str_tail(rest, 16);
	if (!take_word(&rest, &m->host))
		return false;
	m->form = SYSLOG_RFC3164;
	m->stamp = stamp;
	take_tag(&rest, m);
	m->text = rest;
	return true;
}

/* --- both */

static struct str without_end(struct str raw)
{
	while (raw.len && (raw.ptr[raw.len - 1] == '\n' || !raw.ptr[raw.len - 1]))
		raw.len--;
	return raw;
}

void syslog_take(struct str raw, struct syslog_message *m)
{
	*m = (struct syslog_message){.text = without_end(raw)};
}

void syslog_parse(struct str raw, struct syslog_message *m)
{
	struct str rest;

	syslog_take(raw, m);
	rest = m->text;
	take_priority(&rest, m);
	m->text = rest;
	if (m->has_priority && !parse_5424(rest, m))
		parse_3164(rest, m);
}

enum log_proto syslog_own_proto(const struct syslog_message *m)
{
	if (m->host.len)
		return m->form == SYSLOG_RFC3164 ? LOGP_RFC3164 : LOGP_RFC5424;
	if (m->tag.len)
		return LOGP_LOCAL;
	return m->has_priority ? LOGP_PRIORITY : LOGP_RAW;
}

/* --- headers */

static int digits_of(const char *s)
{
	return (s[0] == ' ' ? 0 : s[0] - '0') * 10 + s[1] - '0';
}

/* The date of RFC 3164; a month that does not exist gives the date of now. */
static void put_date(const struct syslog_message *m, const struct syslog_now *now, struct out *out)
{
	int month = m->form == SYSLOG_RFC5424 && m->stamp.len ? digits_of(m->stamp.ptr + 5) : 0;

	if (m->form == SYSLOG_RFC3164)
		out_str(out, m->stamp);
	else if (month < 1 || month > 12)
		out_puts(out, now->date);
	else
		out_printf(out, "%.3s %2d %.8s", months + 3 * (month - 1), digits_of(m->stamp.ptr + 8),
			   m->stamp.ptr + 11);
	out_char(out, ' ');
}

/* The date of RFC 5424; none: the date of now, or "-" when the message says so. A date without a year is of
 * this year, or of the last one when it would be later than this month. */
static void put_stamp(const struct syslog_message *m, const struct syslog_now *now, bool nil, struct out *out)
{
	int month = m->form == SYSLOG_RFC3164 ? month_of(m->stamp) : 0;

	if (m->form == SYSLOG_RFC3164)
		out_printf(out, "%04d-%02d-%02dT%.8s-00:00", now->year - (month > now->month), month + 1,
			   digits_of(m->stamp.ptr + 4), m->stamp.ptr + 7);
	else if (m->stamp.len)
		out_str(out, m->stamp);
	else if (nil && m->form == SYSLOG_RFC5424)
		out_char(out, '-');
	else
		out_str(out, now->iso);
	out_char(out, ' ');
}

static void put_tag(const struct syslog_message *m, struct out *out)
{
	if (!m->tag.len)
		return;
	out_str(out, m->tag);
	if (m->pid.len) {
		out_char(out, '[');
		out_str(out, m->pid);
		out_char(out, ']');
	}
	out_puts(out, ": ");
}

static void put_field(struct str s, struct out *out)
{
	out_str(out, s.len ? s : STR("-"));
	out_char(out, ' ');
}

static void put_5424(const struct syslog_message *m, const struct syslog_now *now, struct out *out)
{
	out_puts(out, "1 ");
	put_stamp(m, now, true, out);
	put_field(m->host, out);
	put_field(m->tag, out);
	put_field(m->pid, out);
	put_field(m->id, out);
	put_field(m->data, out);
}

void syslog_header(const struct syslog_message *m, enum log_proto proto, uint32_t facility, uint8_t level,
		   const struct syslog_now *now, struct out *out)
{
	uint32_t priority = ((m->has_priority ? m->facility : facility) << 3) + level;

	if (proto == LOGP_SHORT || proto == LOGP_TIMED)
		out_printf(out, "<%u>", level);
	else if (proto != LOGP_ISO && proto != LOGP_RAW)
		out_printf(out, "<%u>", priority % 1000);
	switch (proto) {
	case LOGP_RFC3164:
	case LOGP_LOCAL:
		put_date(m, now, out);
		if (proto == LOGP_RFC3164) {
			out_str(out, m->host.len ? m->host : STR("localhost"));
			out_char(out, ' ');
		}
		put_tag(m, out);
		break;
	case LOGP_RFC5424:
		put_5424(m, now, out);
		break;
	case LOGP_TIMED:
	case LOGP_ISO:
		put_stamp(m, now, false, out);
		break;
	default:
		break;
	}
}
