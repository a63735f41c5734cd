/* States of servers from files: the output of `show servers state`, version 1, as HAProxy 2.6 takes it over. A
 * file with a line that is wrong is not used at all. What the operator had said (maintenance, drain, weight,
 * port) holds again; of the rest the state that checks had found. Main thread, before there is traffic. */
#include "runtime/backend/server_restore.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "grammar/base/out.h"
#include "runtime/backend/server.h"
#include "runtime/core/file.h"
#include "runtime/health/check.h"
#include "runtime/net/address.h"

enum { FIELDS_MIN = 18, FIELDS_MAX = 25, FILE_MAX = 64 << 20 };
enum field {
	F_BE_ID,
	F_BE_NAME,
	F_ID,
	F_NAME,
	F_ADDR,
	F_OPER,
	F_ADMIN,
	F_UWEIGHT,
	F_IWEIGHT,
	F_SINCE,
	F_STATUS,
	F_RESULT,
	F_HEALTH,
	F_PORT = 18
};

struct restore {
	struct process *p;
	struct out *notes;
	struct proxy *only; /* a local file's backend; NULL: the global file */
	struct str path;
};

static struct str next_word(struct str *rest)
{
	struct str word;
	size_t end;

	while (rest->len && rest->ptr[0] == ' ')
		*rest = str_tail(*rest, 1);
	end = str_chr(*rest, ' ');
	word = str_sub(*rest, 0, end);
	*rest = str_tail(*rest, end);
	return word;
}

static struct str next_line(struct str *rest)
{
	size_t end = str_chr(*rest, '\n');
	struct str line = str_sub(*rest, 0, end);

	*rest = str_tail(*rest, end + 1);
	return line;
}

static uint32_t split(struct str line, struct str words[FIELDS_MAX])
{
	uint32_t n = 0;

	while (n < FIELDS_MAX && (words[n] = next_word(&line)).len)
		n++;
	return n;
}

static bool number_of(struct str word, uint64_t max, uint64_t *value)
{
	return str_to_u64(word, value) && *value <= max;
}

/* --- one server */

static void warn_state(const struct restore *r, const struct server *s, const char *what, bool left)
{
	unsigned active = atomic_load(&s->proxy->usable), backup = atomic_load(&s->proxy->usable_backup);

	out_printf(
		r->notes, "WARNING config : %sServer %.*s/%.*s %s, changed from server-state after a reload. ",
		s->conf->backup ? "Backup " : "", STR_ARG(s->proxy->conf->name), STR_ARG(s->conf->name), what);
	if (left)
		out_printf(r->notes,
			   "%u active and %u backup servers left.%s 0 sessions active, 0 requeued, 0 remaining "
			   "in queue.\n",
			   active, backup, !active && backup ? " Running on backup." : "");
	else
		out_printf(r->notes,
			   "%u active and %u backup servers online.%s 0 sessions requeued, 0 total in queue.\n",
			   active, backup, !active && backup ? " Running on backup." : "");
}

/* What the operator had said. */
static void restore_admin(const struct restore *r, struct server *s, uint64_t admin)
{
	unsigned now = atomic_load(&s->admin);

	if (admin & SRV_ADM_MAINT) {
		atomic_store(&s->admin, now | SRV_ADM_MAINT);
		atomic_store(&s->oper, SRV_STOPPED);
	} else if (admin & SRV_ADM_DRAIN) {
		atomic_store(&s->admin, now | SRV_ADM_DRAIN);
		out_printf(r->notes, "WARNING config : Server %.*s/%.*s remains in forced drain mode.\n",
			   STR_ARG(s->proxy->conf->name), STR_ARG(s->conf->name));
	}
}

static void restore_weight(struct server *s, uint64_t user, uint64_t initial)
{
	if (initial == s->conf->weight)
		atomic_store(&s->weight, (unsigned)user);
}

static void restore_server(const struct restore *r, struct server *s, const struct str *words)
{
	struct worker *w = r->p->workers[0];
	uint64_t oper, admin, uweight, iweight, since, status, result, health, port;
	bool idle = atomic_load(&s->admin) & SRV_ADM_ANY_MAINT;

	if (!number_of(words[F_OPER], SRV_STOPPING, &oper) || !number_of(words[F_ADMIN], 0xff, &admin) ||
	    !number_of(words[F_UWEIGHT], 256, &uweight) || !number_of(words[F_IWEIGHT], 256, &iweight) ||
	    !number_of(words[F_SINCE], UINT32_MAX, &since) || !number_of(words[F_STATUS], UINT8_MAX, &status) ||
	    !number_of(words[F_RESULT], 4, &result) || !number_of(words[F_HEALTH], UINT16_MAX, &health) ||
	    !number_of(words[F_PORT], UINT16_MAX, &port))
		return;
	restore_weight(s, uweight, iweight);
	restore_admin(r, s, admin);
	idle |= (atomic_load(&s->admin) & SRV_ADM_ANY_MAINT) != 0;
	if (!idle)
		atomic_store(&s->oper, (int)oper);
	if (port)
		address_set_port(&s->addr, (uint16_t)port);
	check_restore(s, (enum check_status)status, (uint8_t)result, (int)health);
	server_changed(w, s);
	atomic_store(&s->last_change, w->now > since * 1000 ? w->now - since * 1000 : 1);
	if (!idle && oper == SRV_STOPPED)
		warn_state(r, s, "is DOWN", true);
	else if (!idle && oper == SRV_STOPPING)
		warn_state(r, s, "is stopping", false);
}

/* --- one file */

static struct proxy *proxy_of(const struct restore *r, const struct str *words)
{
	const struct proxy_conf *conf = map_get(&r->p->generation->model->backends, words[F_BE_NAME]);
	struct proxy *px = conf ? generation_proxy(r->p->generation, conf) : NULL;

	return px && px->conf->state_from == (r->only ? STATE_LOCAL : STATE_GLOBAL) &&
			       (!r->only || px == r->only)
		       ? px
		       : NULL;
}

static void take_line(const struct restore *r, const struct str *words, bool *warned)
{
	struct proxy *px = proxy_of(r, words);
	struct server *s = proxy_server(px, words[F_NAME]);
	uint64_t id;

	if (r->only && px && !*warned && str_to_u64(words[F_BE_ID], &id) && id != px->conf->id) {
		*warned = true;
		out_printf(r->notes,
			   "WARNING config : Proxy '%.*s': backend ID mismatch: from server state file: "
			   "'%.*s', from running config '%u'\n",
			   STR_ARG(px->conf->name), STR_ARG(words[F_BE_ID]), px->conf->id);
	}
	if (s)
		restore_server(r, s, words);
}

/* Walks over the lines; apply: takes them. The number of the first one that is wrong, counted behind the
 * version; 0: none. */
static uint32_t walk(const struct restore *r, struct str text, bool apply)
{
	struct str words[FIELDS_MAX], line;
	bool warned = false;

	for (uint32_t n = 1; text.len; n++) {
		uint32_t count;

		line = next_line(&text);
		if (!line.len || line.ptr[0] == '#')
			continue;
		memset(words, 0, sizeof(words));
		count = split(line, words);
		if (count < FIELDS_MIN)
			return n;
		if (apply)
			take_line(r, words, &warned);
	}
	return 0;
}

static void warn_file(const struct restore *r, const char *format, const char *end)
{
	if (r->only)
		out_printf(r->notes, "WARNING config : Proxy '%.*s': ", STR_ARG(r->only->conf->name));
	else
		out_puts(r->notes, "WARNING config : config: ");
	out_printf(r->notes, format, r->only ? "" : "global ", STR_ARG(r->path));
	out_printf(r->notes, "%s\n", end);
}

static void file_take(struct restore *r, const char *path)
{
	char why[200];
	size_t len = 0;
	char *text = file_read(path, FILE_MAX, &len);
	struct str rest = str_make(text, len);
	uint32_t wrong;

	r->path = str_from(path);
	if (!text) {
		snprintf(why, sizeof(why), ": %s%s", strerror(errno), r->only ? "." : "");
		warn_file(r, "Can't open %sserver state file '%.*s'", why);
		return;
	}
	if (!str_is(next_line(&rest), "1")) {
		warn_file(r, "Can't get version of the %sserver state file '%.*s'", ".");
	} else if ((wrong = walk(r, rest, false))) {
		snprintf(why, sizeof(why), " at line %u.", wrong);
		warn_file(r, "corrupted %sserver state file '%.*s'", why);
	} else {
		walk(r, rest, true);
	}
	free(text);
}

static void path_make(const struct process *p, struct str name, struct out *path)
{
	struct str base = p->generation->model->global.state_file_base;

	path->len = 0;
	if (base.len && (!name.len || name.ptr[0] != '/'))
		out_printf(path, "%.*s/", STR_ARG(base));
	out_printf(path, "%.*s", STR_ARG(name));
	out_char(path, '\0');
}

void servers_restore(struct process *p, struct out *notes)
{
	struct restore r = {.p = p, .notes = notes};
	struct str global = p->generation->model->global.state_file;
	struct out path = out_growing(8192);
	bool wanted = false;

	for (uint32_t i = 0; i < p->generation->nproxies; i++)
		wanted |= p->generation->proxies[i].conf->state_from == STATE_GLOBAL;
	worker_clock(p->workers[0]);
	if (wanted && global.len) {
		path_make(p, global, &path);
		file_take(&r, path.buf);
	}
	for (uint32_t i = 0; i < p->generation->nproxies; i++) {
		struct proxy *px = &p->generation->proxies[i];

		if (px->conf->state_from != STATE_LOCAL || !(px->conf->role & ROLE_BACKEND))
			continue;
		r.only = px;
		path_make(p, px->conf->state_file_name.len ? px->conf->state_file_name : px->conf->name, &path);
		file_take(&r, path.buf);
	}
	out_free(&path);
}
