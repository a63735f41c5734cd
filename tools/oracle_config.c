/* A configuration for HAProxy that only talks to us: addresses become unix sockets in a folder of ours, what
 * needs the machine (users, logs, checks, TLS to servers) goes, and each frontend logs what it decided to a
 * socket of ours. Lines keep their order; `origins` tells from where each came. See oracle.h. */
#include "tools/oracle.h"

#include <stdio.h>

#include "grammar/lbconf_state.h"

static bool word_is(const struct line *l, uint32_t i, const char *word)
{
	return i < l->nwords && str_is(l->words[i].text, word);
}

static bool word_in(const struct line *l, uint32_t i, const char *const *list)
{
	for (; *list; list++)
		if (word_is(l, i, *list))
			return true;
	return false;
}

/* The line is finished: where it came from. */
static void line_end(struct oracle_config *c, struct conf_pos pos)
{
	out_char(&c->text, '\n');
	*vec_push(c->arena, &c->origins) = pos;
}

static struct oracle_place *place_add(struct oracle_config *c, struct conf_pos pos,
				      const struct server_conf *server)
{
	struct oracle_place *p;

	vec_each (old, &c->places)
		if (!server && !old->server && old->pos.line == pos.line && old->pos.source == pos.source)
			return old;
	p = vec_push(c->arena, &c->places);
	*p = (struct oracle_place){.pos = pos, .fd = -1, .server = server};
	snprintf(p->path, sizeof(p->path), "%s/%u", c->folder, c->places.n);
	return p;
}

/* Words with quotes, so that their bytes stay what they are; those that end lines only go outside of quotes. */
static void put_word(struct oracle_config *c, struct str word)
{
	out_puts(&c->text, " '");
	for (size_t i = 0; i < word.len; i++) {
		char byte = word.ptr[i];

		if (byte == '\'')
			out_puts(&c->text, "'\\''");
		else if (byte == '\n' || byte == '\r')
			out_puts(&c->text, byte == '\n' ? "'\\n'" : "'\\r'");
		else
			out_char(&c->text, byte);
	}
	out_char(&c->text, '\'');
}

static void put_words(struct oracle_config *c, const struct line *l, uint32_t from)
{
	for (uint32_t i = from; i < l->nwords; i++)
		put_word(c, l->words[i].text);
}

static void put_bind(struct oracle_config *c, const struct line *l, struct conf_pos pos)
{
	static const char *const drop[] = {"accept-proxy", "tfo", "defer-accept", "v4v6", "v6only",
					   "transparent",  NULL};

	out_printf(&c->text, "bind unix@%s accept-proxy", place_add(c, pos, NULL)->path);
	for (uint32_t i = 2; i < l->nwords; i++)
		if (!word_in(l, i, drop))
			put_word(c, l->words[i].text);
}

/* Options of servers that would need more than a socket of ours. */
static void put_options(struct oracle_config *c, const struct line *l, uint32_t from)
{
	static const char *const drop[] = {"check", "agent-check", "check-ssl", "check-send-proxy",
					   "ssl",   NULL};
	static const char *const drop_two[] = {"resolvers",
					       "init-addr",
					       "track",
					       "source",
					       "observe",
					       "on-marked-down",
					       "on-marked-up",
					       "sni",
					       "check-sni",
					       "ca-file",
					       "crt",
					       "verify",
					       "verifyhost",
					       "alpn",
					       "npn",
					       "proto",
					       "check-proto",
					       "agent-addr",
					       "agent-port",
					       "agent-send",
					       "agent-inter",
					       "resolve-opts",
					       "resolve-prefer",
					       "resolve-net",
					       "usesrc",
					       "interface",
					       NULL};

	for (uint32_t i = from; i < l->nwords; i++) {
		if (word_in(l, i, drop_two))
			i++;
		else if (!word_in(l, i, drop))
			put_word(c, l->words[i].text);
	}
}

static const struct server_conf *server_of(const struct proxy_conf *px, struct str name)
{
	vec_each (s, &px->servers)
		if (str_eq((*s)->name, name))
			return *s;
	return NULL;
}

static bool put_server(struct oracle_config *c, const struct line *l, struct conf_pos pos,
		       const struct proxy_conf *px)
{
	const struct server_conf *server = px && l->nwords > 2 ? server_of(px, l->words[1].text) : NULL;

	if (!server)
		return false;
	out_puts(&c->text, "server");
	put_word(c, server->name);
	out_printf(&c->text, " unix@%s", place_add(c, pos, server)->path);
	put_options(c, l, 3);
	return true;
}

/* Lines that are left out, by their first words. */
static bool is_dropped(const struct line *l, bool global)
{
	static const char *const globals[] = {"chroot",
					      "user",
					      "group",
					      "uid",
					      "gid",
					      "daemon",
					      "pidfile",
					      "log",
					      "stats",
					      "master-worker",
					      "nbthread",
					      "nbproc",
					      "cpu-map",
					      "maxconn",
					      "ulimit-n",
					      "thread-groups",
					      "localpeer",
					      "server-state-base",
					      "server-state-file",
					      "log-tag",
					      "log-send-hostname",
					      "quiet",
					      NULL};
	static const char *const others[] = {"log",
					     "log-format",
					     "log-format-sd",
					     "error-log-format",
					     "log-tag",
					     "source",
					     "load-server-state-from-file",
					     "server-state-file-name",
					     NULL};
	static const char *const options[] = {"httplog",
					      "httpslog",
					      "tcplog",
					      "logasap",
					      "dontlognull",
					      "dontlog-normal",
					      "log-separate-errors",
					      "httpchk",
					      "tcp-check",
					      "external-check",
					      "log-health-checks",
					      NULL};

	if (global)
		return word_in(l, 0, globals);
	if (word_is(l, 0, "no") || word_is(l, 0, "default"))
		return word_is(l, 1, "log") || (word_is(l, 1, "option") && word_in(l, 2, options));
	return word_in(l, 0, others) || (word_is(l, 0, "option") && word_in(l, 1, options));
}

static void put_log(struct oracle_config *c, const struct proxy_conf *px)
{
	out_printf(&c->text, "log %s/log len 4096 format raw local0 debug", c->folder);
	line_end(c, (struct conf_pos){0});
	out_printf(&c->text, "log-format \"%%f %%b %%s %s %s %%[last_rule_line]\"",
		   px->mode == MODE_HTTP ? "%ST" : "-", px->mode == MODE_HTTP ? "%tsc" : "%ts");
	line_end(c, (struct conf_pos){0});
}

static const struct proxy_conf *proxy_of(const struct model *m, const struct section *section)
{
	const struct line *h = section->header;

	if (h->nwords < 2)
		return NULL;
	if (word_is(h, 0, "backend"))
		return map_get(&m->backends, h->words[1].text);
	return word_is(h, 0, "frontend") || word_is(h, 0, "listen") ? map_get(&m->frontends, h->words[1].text)
								    : NULL;
}

static struct conf_pos pos_of(struct suite *s, const struct line *l)
{
	return (struct conf_pos){
		l->span.source,
		sources_position(&lbconf_loaded(s->conf)->sources, l->span.source, l->span.off).line};
}

static bool put_line(struct oracle_config *c, struct suite *s, const struct section *section,
		     const struct line *l, const char **why)
{
	const struct proxy_conf *px = proxy_of(s->model, section);
	struct conf_pos pos = pos_of(s, l);
	bool global = word_is(section->header, 0, "global");

	if (word_is(l, 0, "server-template")) {
		*why = "it has a server-template";
		return false;
	}
	if (is_dropped(l, global))
		return true;
	if (px && word_is(l, 0, "bind")) {
		put_bind(c, l, pos);
	} else if (px && word_is(l, 0, "default-server")) {
		out_puts(&c->text, "default-server");
		put_options(c, l, 1);
	} else if (!(px && word_is(l, 0, "server") && put_server(c, l, pos, px))) {
		out_str(&c->text, l->words[0].text);
		put_words(c, l, 1);
	}
	line_end(c, pos);
	return true;
}

static bool is_kept(const struct section *section)
{
	static const char *const kept[] = {"global",   "defaults",    "frontend", "backend", "listen",
					   "userlist", "http-errors", "cache",    NULL};

	return word_in(section->header, 0, kept);
}

static bool put_section(struct oracle_config *c, struct suite *s, const struct section *section,
			const char **why)
{
	const struct proxy_conf *px;

	if (!section->header || !is_kept(section))
		return true;
	px = proxy_of(s->model, section);
	out_str(&c->text, section->header->words[0].text);
	put_words(c, section->header, 1);
	line_end(c, pos_of(s, section->header));
	if (px && px->role & ROLE_FRONTEND)
		put_log(c, px);
	vec_each (l, &section->lines)
		if (!put_line(c, s, section, *l, why))
			return false;
	return true;
}

bool oracle_config_make(struct oracle_config *c, struct suite *s, const char **why)
{
	const struct loaded *loaded = lbconf_loaded(s->conf);

	out_printf(&c->text, "global\n    nbthread 1\n    maxconn 1000\n    stats socket %s/cli level admin\n",
		   c->folder);
	for (int i = 0; i < 4; i++)
		*vec_push(c->arena, &c->origins) = (struct conf_pos){0};
	vec_each (section, &loaded->tree.sections)
		if (!put_section(c, s, *section, why))
			return false;
	return !c->text.truncated;
}
