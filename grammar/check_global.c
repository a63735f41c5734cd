/* The lines of the global section that are more than a value: users, limits with history, environment of old
 * options. Works on the state of one walk; looks up users and groups of this machine unless offline. One
 * thread. */
#include "grammar/check_file.h"
#include "grammar/check_rows.h"
#include "grammar/check_state.h"
#include "grammar/lang.h"
#include "grammar/place.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* Since 3.0 a limit that is no number is refused. */
bool check_global_maxconn(const struct keyword_use *use)
{
	struct str text = use->words[0].text;
	int64_t value;

	if (use->k->compat < 300 || str_to_i64(text, &value))
		return true;
	diag_add(use->k->d, D_BAD_NUMBER, use->words[0].span, "`maxconn` needs a number, not `%.*s`",
		 STR_ARG(text));
	return false;
}

bool check_global_master_worker(const struct keyword_use *use)
{
	int64_t choice;

	if (!check_arity(use, 0, 1))
		return false;
	check_store_number(use, 1);
	use->k->master_worker = use->line;
	use->k->m->global.no_exit_on_failure = use->n > 0;
	return use->n == 0 || check_choice(use, &use->words[0], "no-exit-on-failure", &choice);
}

/* Four ways to say who to be, and the first of each pair holds. */
static bool owner_first(const struct keyword_use *use, const struct line **first, const char *pair)
{
	struct diag *g;

	if (!*first) {
		*first = use->line;
		return true;
	}
	g = diag_add(use->k->d, D_ALREADY_SET, use->span, "%s is already set: this line is ignored", pair);
	diag_also(use->k->d, g, (*first)->span, "the first one holds");
	diag_haproxy(use->k->d, g, "%s already specified. Continuing.", pair);
	return false;
}

bool check_owner_user(struct checker *k, const struct word *w, int *uid)
{
	struct passwd pw, *found = NULL;
	char buf[4096];
	struct diag *g;

	if (k->c->options->offline)
		return true;
	if (getpwnam_r(w->text.ptr, &pw, buf, sizeof(buf), &found) == 0 && found) {
		*uid = (int)pw.pw_uid;
		return true;
	}
	g = check_environment(k, diag_add(k->d, D_NO_SUCH_USER, w->span, "this machine has no user `%.*s`",
					  STR_ARG(w->text)));
	diag_haproxy(k->d, g, "cannot find user id for '%.*s' (0:Success)", STR_ARG(w->text));
	return true;
}

bool check_owner_group(struct checker *k, const struct word *w, int *gid)
{
	struct group gr, *found = NULL;
	char buf[16384];
	struct diag *g;

	if (k->c->options->offline)
		return true;
	if (getgrnam_r(w->text.ptr, &gr, buf, sizeof(buf), &found) == 0 && found) {
		*gid = (int)gr.gr_gid;
		return true;
	}
	g = check_environment(k, diag_add(k->d, D_NO_SUCH_GROUP, w->span, "this machine has no group `%.*s`",
					  STR_ARG(w->text)));
	diag_haproxy(k->d, g, "cannot find group id for '%.*s' (0:Success)", STR_ARG(w->text));
	return true;
}

bool check_global_user(const struct keyword_use *use)
{
	struct checker *k = use->k;

	if (!owner_first(use, &k->user_line, "user/uid"))
		return true;
	k->m->global.user = check_keep(k, use->words[0].text);
	return check_owner_user(k, &use->words[0], &k->m->global.uid);
}

bool check_global_group(const struct keyword_use *use)
{
	struct checker *k = use->k;

	if (!owner_first(use, &k->group_line, "gid/group"))
		return true;
	k->m->global.group = check_keep(k, use->words[0].text);
	return check_owner_group(k, &use->words[0], &k->m->global.gid);
}

static bool owner_number(const struct keyword_use *use, const struct line **first, const char *pair)
{
	int64_t value;

	if (!check_arity(use, 1, 1) || !check_number(use, &use->words[0], 0, INT32_MAX, &value))
		return false;
	if (owner_first(use, first, pair))
		check_store_number(use, value);
	return true;
}

bool check_global_uid(const struct keyword_use *use)
{
	return owner_number(use, &use->k->user_line, "user/uid");
}

bool check_global_gid(const struct keyword_use *use)
{
	return owner_number(use, &use->k->group_line, "gid/group");
}

bool check_global_external_check(const struct keyword_use *use)
{
	int64_t choice;

	use->k->external_check = true;
	use->k->m->global.external_check_env = use->n > 0;
	if (!check_arity(use, 0, use->k->compat >= 208 ? 1 : 0))
		return false;
	return use->n == 0 || check_choice(use, use->words, "preserve-env", &choice);
}

bool check_global_hostname(const struct keyword_use *use)
{
	char name[256] = "";
	struct str host = use->n ? use->words[0].text : STR_NONE;

	if (use->n == 0 && !use->k->c->options->offline && gethostname(name, sizeof(name) - 1) == 0)
		host = str_from(name);
	use->k->m->global.log_send_hostname = check_keep(use->k, host);
	return true;
}

/* "WORD VALUE" pairs. */
static bool unix_bind_value(const struct keyword_use *use, int64_t choice, const struct word *w)
{
	struct unix_bind_conf *u = &use->k->m->global.unix_bind;
	int64_t n = 0;

	switch (choice) {
	case 0:
		u->prefix = check_keep(use->k, w->text);
		return true;
	case 1:
		for (size_t i = 0;
		     i < w->text.len && w->text.ptr[i] >= '0' && w->text.ptr[i] <= '7' && n < 07777; i++)
			n = n * 8 + (w->text.ptr[i] - '0');
		u->mode = (int)n;
		return true;
	case 2:
	case 3:
		if (!check_number(use, w, 0, INT32_MAX, &n))
			return false;
		*(choice == 2 ? &u->uid : &u->gid) = (int)n;
		return true;
	case 4:
		return check_owner_user(use->k, w, &u->uid);
	default:
		return check_owner_group(use->k, w, &u->gid);
	}
}

bool check_global_unix_bind(const struct keyword_use *use)
{
	int64_t choice;

	use->k->unix_bind_seen = true;
	for (uint32_t i = 0; i < use->n; i += 2) {
		if (!check_choice(use, &use->words[i], "prefix|mode|uid|gid|user|group", &choice))
			return false;
		if (i + 1 == use->n)
			check_severity(use->k, check_missing(use, "a value behind each word"), SEV_WARNING);
		else if (!unix_bind_value(use, choice, &use->words[i + 1]))
			return false;
	}
	return true;
}

/* Here only variables of the process exist. */
static bool global_scope(const struct keyword_use *use)
{
	struct diag *g = diag_add(use->k->d, D_BAD_ARGUMENT, use->words[0].span,
				  "only variables of the scope `proc` can be set here");

	diag_haproxy(use->k->d, g,
		     "'%s': cannot set variable '%.*s', only scope 'proc' is permitted in the global section.",
		     use->row->name, STR_ARG(use->words[0].text));
	return false;
}

bool check_global_set_var(const struct keyword_use *use)
{
	struct lang_scope scope = {.places = AT(CONFIG), .where = "set-var", .named = &use->words[0]};
	struct proc_var v = {0};
	uint32_t i = 1;

	if (!check_arity(use, 2, CHECK_ANY))
		return false;
	v.var = var_parse(use->k->c, use->words[0].text, use->words[0].span);
	if (!v.var)
		return false;
	if (v.var->scope != VAR_PROC)
		return global_scope(use);
	if (strcmp(use->row->name, "set-var-fmt") == 0) {
		scope.named = NULL;
		scope.format = FORMAT_PLAIN;
		v.fmt = logfmt_parse(use->k->c, &use->words[1], &scope);
	} else {
		v.sample = sample_parse_words(use->k->c, use->words, use->n, &i, &scope);
		if (v.sample && i < use->n)
			check_extra(use, i);
	}
	if ((!v.fmt && !v.sample) || (v.sample && i < use->n))
		return false;
	*(struct proc_var *)vec_push(use->k->a, &use->k->c->model->global.proc_vars) = v;
	return true;
}

static const char default_path_modes[] =
	"for 'default-path', supported modes include 'current', 'config', 'parent', and 'origin'.";

static bool origin_is_good(const struct keyword_use *use)
{
	const struct word *w = &use->words[1];
	char here[4096];
	struct stat st;
	struct diag *g;

	if (use->k->c->options->offline ||
	    (!stat(check_work_path(use->k, w->text).ptr, &st) && S_ISDIR(st.st_mode)))
		return true;
	g = check_file_report(use->k, w->span, w->text, ENOENT);
	diag_haproxy(
		use->k->d, g,
		"couldn't set 'default-path' to origin '%.*s': Impossible to get back to directory '%s': %s.",
		STR_ARG(w->text), getcwd(here, sizeof(here)) ? here : ".", strerror(ENOENT));
	return false;
}

/* It holds at once. HAProxy passes over what stands behind. */
bool check_global_default_path(const struct keyword_use *use)
{
	struct checker *k = use->k;
	int64_t policy;

	if (!use->n) {
		diag_haproxy(k->d, check_missing(use, use->row->args), "missing default-path mode '' %s",
			     default_path_modes);
		return false;
	}
	if (!check_choice(use, &use->words[0], "current|config|parent|origin", &policy)) {
		diag_haproxy(k->d, k->d->list.v[k->d->list.n - 1], "unsupported default-path mode '%.*s' %s",
			     STR_ARG(use->words[0].text), default_path_modes);
		return false;
	}
	if (policy == PLACES_ORIGIN && use->n < 2) {
		diag_haproxy(k->d, check_missing(use, "a folder behind `origin`"),
			     "'default-path origin' expects a directory as an argument.");
		return false;
	}
	if (policy == PLACES_ORIGIN && !origin_is_good(use))
		return false;
	file_places_set(k->c, (uint8_t)policy, policy == PLACES_ORIGIN ? use->words[1].text : STR_NONE,
			use->line->span.source);
	return true;
}

bool check_global_ssl_options(const struct keyword_use *use)
{
	static const char words[] =
		"no-sslv3|no-tlsv10|no-tlsv11|no-tlsv12|no-tlsv13|force-sslv3|force-tlsv10|force-tlsv11|"
		"force-tlsv12|force-tlsv13|no-tls-tickets|prefer-client-ciphers|ssl-max-ver|ssl-min-ver|"
		"tls-tickets|strict-sni|no-strict-sni|no-renegotiate|renegotiate";
	int64_t choice, version;

	if (!check_arity(use, 1, CHECK_ANY))
		return false;
	for (uint32_t i = 0; i < use->n; i++) {
		if (!check_choice(use, &use->words[i], words, &choice))
			return false;
		if (choice != 12 && choice != 13) {
			check_tls_default_option(use, (uint32_t)choice, 0);
			continue;
		}
		if (++i == use->n) {
			check_missing(use, "a version behind `ssl-min-ver` or `ssl-max-ver`");
			return false;
		}
		if (!check_choice(use, &use->words[i], "SSLv3|TLSv1.0|TLSv1.1|TLSv1.2|TLSv1.3", &version))
			return false;
		check_tls_default_option(use, (uint32_t)choice, (uint32_t)version);
	}
	return true;
}

bool check_global_experimental(const struct keyword_use *use)
{
	use->k->experimental = true;
	return true;
}

bool check_global_extra_files(const struct keyword_use *use)
{
	static const uint8_t bits[] = {0,
				       TLS_EXTRA_ALL,
				       TLS_EXTRA_BUNDLE,
				       TLS_EXTRA_SCTL,
				       TLS_EXTRA_OCSP,
				       TLS_EXTRA_ISSUER,
				       TLS_EXTRA_KEY};
	uint8_t *files = &use->k->m->global.tls.extra_files;
	int64_t choice;

	if (!check_arity(use, 1, CHECK_ANY))
		return false;
	*files = 0;
	for (uint32_t i = 0; i < use->n; i++) {
		if (!check_choice(use, &use->words[i], "none|all|bundle|sctl|ocsp|issuer|key", &choice))
			return false;
		*files |= bits[choice];
	}
	return true;
}

/* Its names may be used from here on; what it defines is not known. */
bool check_global_lua(const struct keyword_use *use)
{
	return check_file(use);
}

/* HAProxy turns its own error pages into messages at start: the longest of them must fit. */
enum { BUFSIZE_LEAST = 337, BUFSIZE_LIMIT = 256 << 20 };

bool check_global_bufsize(const struct keyword_use *use)
{
	struct checker *k = use->k;
	struct diag *g;

	if (k->m->global.tune_bufsize >= BUFSIZE_LIMIT) {
		g = diag_add(k->d, D_OUT_OF_RANGE, use->words[0].span, "a buffer must be below 256 megabytes");
		diag_haproxy_unplaced(
			k->d, g,
			"global.tune.bufsize must be below 256 MB when HTTP is in use (current value = %u).",
			k->m->global.tune_bufsize);
		return false;
	}
	if (k->m->global.tune_bufsize >= BUFSIZE_LEAST)
		return true;
	g = diag_add(k->d, D_OUT_OF_RANGE, use->words[0].span,
		     "a buffer of %u bytes does not hold HAProxy's own error pages", k->m->global.tune_bufsize);
	diag_label(k->d, g, "at least %d", BUFSIZE_LEAST);
	diag_note(k->d, g, "a request header must fit in a buffer as well: the usual size is 16384");
	diag_haproxy_unplaced(
		k->d, g,
		"Internal error: invalid default message for HTTP return code 405: unable to add payload into "
		"the HTX message.");
	return false;
}
