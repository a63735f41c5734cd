/* Converters about the Forwarded field (manual, section 7.3.1: rfc7239_*; RFC 7239): one element of it taken
 * apart, nodes taken apart and made. Results are slices of the input or in scratch memory. One thread. */
#include <arpa/inet.h>

#include "grammar/value_parse.h"
#include "runtime/eval/fetch.h"

/* All converters have one signature; few need all of it. */
#pragma GCC diagnostic ignored "-Wunused-parameter"

enum { FORWARDED_FOR = 1, FORWARDED_BY = 2, FORWARDED_HOST = 4, FORWARDED_PROTO = 8 };

static bool is_alnum(char c)
{
	return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
}

/* RFC 9110, section 5.6.2 */
static bool is_token_char(char c)
{
	return is_alnum(c) || (c && strchr("!#$%&'*+-.^_`|~", c));
}

static size_t token_len(struct str s)
{
	size_t n = 0;

	while (n < s.len && is_token_char(s.ptr[n]))
		n++;
	return n;
}

/* Section 6.3: what may follow the underscore of an identifier. */
static bool is_obfuscated(struct str s)
{
	for (size_t i = 0; i < s.len; i++)
		if (!is_alnum(s.ptr[i]) && s.ptr[i] != '.' && s.ptr[i] != '_' && s.ptr[i] != '-')
			return false;
	return s.len > 0;
}

static bool is_port(struct str s)
{
	uint64_t port;

	return s.len <= 5 && str_to_u64(s, &port) && port <= 65535;
}

/* Section 6: a name, then a port perhaps. port: ptr NULL without one. */
static bool node_split(struct str node, struct str *name, struct str *port)
{
	size_t end = node.len && node.ptr[0] == '[' ? str_chr(node, ']') + 1 : str_chr(node, ':');

	if (end > node.len)
		return false;
	*name = str_sub(node, 0, end);
	*port = STR_NONE;
	if (end == node.len)
		return true;
	*port = str_tail(node, end + 1);
	return node.ptr[end] == ':';
}

static bool name_address(struct str name, struct ip_net *net)
{
	bool bracket = name.len > 2 && name.ptr[0] == '[';

	return value_parse_address(bracket ? str_sub(name, 1, name.len - 2) : name, net) &&
	       net->family == (bracket ? 6 : 4);
}

static bool is_node(struct str node)
{
	struct str name, port;
	struct ip_net net;

	if (!node_split(node, &name, &port))
		return false;
	if (port.ptr && !is_port(port) && !(port.len && port.ptr[0] == '_' && is_obfuscated(str_tail(port, 1))))
		return false;
	return str_ieq(name, STR("unknown")) || name_address(name, &net) ||
	       (name.len && name.ptr[0] == '_' && is_obfuscated(str_tail(name, 1)));
}

/* As in the Host field (RFC 9110, section 7.2; RFC 3986, section 3.2.2). */
static bool is_host(struct str text)
{
	struct str name, port;
	struct ip_net net;

	if (!node_split(text, &name, &port) || !name.len || (port.ptr && port.len && !is_port(port)))
		return false;
	if (name.ptr[0] == '[')
		return name_address(name, &net);
	for (size_t i = 0; i < name.len; i++)
		if (!is_alnum(name.ptr[i]) && !strchr("-._~%!$&'()*+,;=", name.ptr[i]))
			return false;
	return true;
}

static unsigned parameter_of(struct str name)
{
	return str_ieq(name, STR("for"))     ? FORWARDED_FOR
	       : str_ieq(name, STR("by"))    ? FORWARDED_BY
	       : str_ieq(name, STR("host"))  ? FORWARDED_HOST
	       : str_ieq(name, STR("proto")) ? FORWARDED_PROTO
					     : 0;
}

static bool parameter_is_valid(unsigned parameter, struct str value)
{
	if (parameter == FORWARDED_HOST)
		return is_host(value);
	if (parameter == FORWARDED_PROTO)
		return str_ieq(value, STR("http")) || str_ieq(value, STR("https"));
	return is_node(value);
}

/* A quoted string without its quotes; escapes stay, none of our parameters may hold what needs one. */
static bool quoted_cut(struct str *rest, struct str *value)
{
	size_t n = 1;

	while (n < rest->len && rest->ptr[n] != '"')
		n += rest->ptr[n] == '\\' ? 2 : 1;
	if (n >= rest->len)
		return false;
	*value = str_sub(*rest, 1, n - 1);
	*rest = str_tail(*rest, n + 1);
	return true;
}

/* The next `name=value` and the semicolon behind it (section 4). name empty: nothing stood there. */
static bool pair_cut(struct str *rest, struct str *name, struct str *value)
{
	size_t n = token_len(*rest);

	*name = str_sub(*rest, 0, n);
	*rest = str_tail(*rest, n);
	if (n) {
		if (!rest->len || rest->ptr[0] != '=')
			return false;
		*rest = str_tail(*rest, 1);
		if (rest->len && rest->ptr[0] == '"') {
			if (!quoted_cut(rest, value))
				return false;
		} else {
			n = token_len(*rest);
			*value = str_sub(*rest, 0, n);
			*rest = str_tail(*rest, n);
			if (!n)
				return false;
		}
	}
	if (!rest->len)
		return true;
	if (rest->ptr[0] != ';')
		return false;
	*rest = str_tail(*rest, 1);
	return true;
}

/* Reads an element; stops at `wanted` (0: reads all) and gives its value. False when it is malformed up to
 * there, or nothing is in it. */
static bool forwarded_read(struct str rest, unsigned wanted, struct str *found)
{
	unsigned seen = 0, parameter;
	struct str name, value;
	bool any = false;

	*found = STR_NONE;
	while (rest.len) {
		if (!pair_cut(&rest, &name, &value))
			return false;
		if (!name.len)
			continue;
		parameter = parameter_of(name);
		any = true;
		if (!parameter)
			continue;
		if (seen & parameter || !parameter_is_valid(parameter, value))
			return false;
		seen |= parameter;
		if (parameter == wanted) {
			*found = value;
			return true;
		}
	}
	return any && !wanted;
}

bool conv_rfc7239_is_valid(struct eval *e, const struct arg *args, struct sample *s)
{
	struct str found;

	return sample_set_bool(s, forwarded_read(s->str, 0, &found));
}

bool conv_rfc7239_field(struct eval *e, const struct arg *args, struct sample *s)
{
	struct str found;

	return forwarded_read(s->str, parameter_of(args[0].str), &found) && sample_set_str(s, found);
}

/* A node's name: an address where it is one. */
bool conv_rfc7239_n2nn(struct eval *e, const struct arg *args, struct sample *s)
{
	struct str name, port;
	struct ip_net net;

	if (!is_node(s->str) || !node_split(s->str, &name, &port))
		return false;
	if (!name_address(name, &net))
		return sample_set_str(s, name);
	s->type = net.family == 4 ? SMP_IPV4 : SMP_IPV6;
	memcpy(s->ip, net.addr, sizeof(s->ip));
	return true;
}

/* A node's port: a number where it is one. */
bool conv_rfc7239_n2np(struct eval *e, const struct arg *args, struct sample *s)
{
	struct str name, port;
	int64_t number;

	if (!is_node(s->str) || !node_split(s->str, &name, &port) || !port.ptr)
		return false;
	return str_to_i64(port, &number) ? sample_set_int(s, number) : sample_set_str(s, port);
}

static bool set_obfuscated(struct eval *e, struct sample *s)
{
	return is_obfuscated(s->str) && sample_set_str(s, scratch_printf(e->scratch, "_%.*s", STR_ARG(s->str)));
}

bool conv_rfc7239_nn(struct eval *e, const struct arg *args, struct sample *s)
{
	char text[INET6_ADDRSTRLEN];

	if (s->type == SMP_IPV4 || s->type == SMP_IPV6) {
		bool v6 = s->type == SMP_IPV6;

		inet_ntop(v6 ? AF_INET6 : AF_INET, s->ip, text, sizeof(text));
		return sample_set_str(s, scratch_printf(e->scratch, v6 ? "[%s]" : "%s", text));
	}
	if (!sample_is_text(s))
		return false;
	return s->str.len ? set_obfuscated(e, s) : sample_set_str(s, STR("unknown"));
}

bool conv_rfc7239_np(struct eval *e, const struct arg *args, struct sample *s)
{
	if (s->type == SMP_SINT)
		return s->sint >= 0 && s->sint <= 65535 &&
		       sample_set_str(s, scratch_printf(e->scratch, "%d", (int)s->sint));
	return sample_is_text(s) && set_obfuscated(e, s);
}
