/* Quoting words (manual, section 2.2): plain where nothing is special, else between double quotes with
 * backslashes. */
#include "grammar/quote.h"

static bool is_plain(struct str s)
{
	for (size_t i = 0; i < s.len; i++) {
		unsigned char c = (unsigned char)s.ptr[i];

		if (c <= ' ' || c == 127 || c == '"' || c == '\'' || c == '\\' || c == '#' || c == '$')
			return false;
	}
	return s.len > 0;
}

void quote_word(struct out *o, struct str word)
{
	if (is_plain(word)) {
		out_str(o, word);
		return;
	}
	out_char(o, '"');
	for (size_t i = 0; i < word.len; i++) {
		unsigned char c = (unsigned char)word.ptr[i];

		if (c == '\n')
			out_puts(o, "\\n");
		else if (c == '\r')
			out_puts(o, "\\r");
		else if (c == '\t')
			out_puts(o, "\\t");
		else if (c < ' ' || c == 127)
			out_printf(o, "\\x%02x", c);
		else {
			if (c == '"' || c == '\\' || c == '$')
				out_char(o, '\\');
			out_char(o, (char)c);
		}
	}
	out_char(o, '"');
}

void quote_single(struct out *o, struct str word)
{
	out_char(o, '\'');
	for (size_t i = 0; i < word.len; i++) {
		if (word.ptr[i] == '\'')
			out_puts(o, "'\\''");
		else
			out_char(o, word.ptr[i]);
	}
	out_puts(o, "' ");
}
