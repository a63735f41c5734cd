/* Canonical text of sample expressions: what is dumped, and what makes equal expressions equal. Reading it
 * again gives the same expression. */
#include "grammar/base/out.h"
#include "grammar/sample.h"

/* True when an argument can stand without quotes. */
static bool arg_is_plain(struct str text)
{
	for (size_t i = 0; i < text.len; i++)
		if ((unsigned char)text.ptr[i] <= ' ' || strchr(",()\"'\\[]#", text.ptr[i]))
			return false;
	return true;
}

/* The text between double quotes, by the second level of quoting (manual, section 2.2). */
static void arg_quote(struct out *o, struct str text)
{
	out_char(o, '"');
	for (size_t i = 0; i < text.len; i++) {
		char c = text.ptr[i];

		if (c == '"' || c == '\\')
			out_char(o, '\\');
		if (c == '\n' || c == '\r' || c == '\t')
			out_puts(o, c == '\n' ? "\\n" : c == '\r' ? "\\r" : "\\t");
		else
			out_char(o, c);
	}
	out_char(o, '"');
}

/* The `bin` fetch keeps bytes; it is written in hexadecimal. */
static void arg_hex(struct out *o, struct str bytes)
{
	for (size_t i = 0; i < bytes.len; i++)
		out_printf(o, "%02x", (unsigned char)bytes.ptr[i]);
}

static void call_write(struct out *o, const char *name, const char *letters, const struct arg *args,
		       uint32_t nargs, bool hex)
{
	while (nargs && args[nargs - 1].type == ARG_NONE)
		nargs--;
	if (nargs == 1 && letters[0] != '|' && !args[0].str.len)
		nargs = 0; /* a mandatory argument that is missing is read as an empty one */
	out_puts(o, name);
	if (strcmp(name, "lua.") == 0 && nargs) {
		out_str(o, args[0].str);
		args++;
		nargs--;
	}
	for (uint32_t i = 0; i < nargs; i++) {
		out_char(o, i ? ',' : '(');
		if (hex)
			arg_hex(o, args[i].str);
		else if (arg_is_plain(args[i].str))
			out_str(o, args[i].str);
		else
			arg_quote(o, args[i].str);
	}
	if (nargs)
		out_char(o, ')');
}

struct str sample_canonical(struct arena *a, const struct sample_expr *e)
{
	struct out o = out_growing(1 << 30);
	struct str text;

	call_write(&o, fetch_row(e->fetch)->name, fetch_row(e->fetch)->args, e->args, e->nargs,
		   e->fetch == FETCH_BIN);
	for (uint32_t i = 0; i < e->nconvs; i++) {
		out_char(&o, ',');
		call_write(&o, conv_row(e->convs[i].conv)->name, conv_row(e->convs[i].conv)->args,
			   e->convs[i].args, e->convs[i].nargs, false);
	}
	text = arena_str(a, out_get(&o));
	out_free(&o);
	return text;
}
