/* Log formats and unique ids of proxies: read when a section ends, for aliases of HTTP need mode http, and a
 * later line replaces an earlier one. Works on the state of one walk; one thread. */
#include "grammar/check_finish.h"
#include "grammar/check_rows.h"
#include "grammar/lang.h"

static bool one_format(const struct keyword_use *use)
{
	struct diag *g;

	if (use->n == 1)
		return true;
	if (use->n == 0) {
		diag_haproxy(use->k->d, check_missing(use, "a format"), "%s expects an argument.",
			     use->row->name);
		return false;
	}
	g = check_extra(use, 1);
	diag_help(use->k->d, g, "put the whole format between double quotes");
	diag_haproxy(use->k->d, g, "%s expects only one argument, don't forget to escape spaces!",
		     use->row->name);
	return false;
}

bool check_log_format(const struct keyword_use *use)
{
	if (!one_format(use))
		return false;
	use->draft->log_kind = LOG_FORMAT;
	use->draft->log_format_word = &use->words[0];
	use->draft->log_format_line = use->line;
	return true;
}

bool check_log_format_sd(const struct keyword_use *use)
{
	if (!one_format(use))
		return false;
	use->draft->log_format_sd_word = &use->words[0];
	return true;
}

bool check_error_log_format(const struct keyword_use *use)
{
	if (!one_format(use))
		return false;
	use->draft->error_log_format_word = &use->words[0];
	return true;
}

static void report_http_log(struct checker *k, const struct draft *d, const char *option)
{
	struct diag *g = diag_add(k->d, D_NEEDS_HTTP, d->log_format_line->span,
				  "`option %s` needs mode http: the TCP log format is used", option);

	diag_also(k->d, g, d->section->header->span, "this %s is in mode tcp", check_proxy_kind(d));
	diag_haproxy(
		k->d, g,
		": 'option %s' not usable with %s '%.*s' (needs 'mode http'). Falling back to 'option tcplog'.",
		option, check_proxy_kind(d), STR_ARG(d->px->name));
}

static const struct logfmt *format_builtin(struct checker *k, const struct draft *d)
{
	static const char *const texts[] = {[LOG_TCP] = LOGFMT_TCP,
					    [LOG_HTTP] = LOGFMT_HTTP,
					    [LOG_CLF] = LOGFMT_CLF,
					    [LOG_HTTPS] = LOGFMT_HTTPS};
	enum log_kind kind = d->log_kind;

	if (kind == LOG_DEFAULT)
		return NULL;
	if (d->px->mode != MODE_HTTP && kind != LOG_TCP) {
		report_http_log(k, d, kind == LOG_HTTPS ? "httpslog" : "httplog");
		kind = LOG_TCP;
	}
	if (!k->formats[kind])
		k->formats[kind] = logfmt_builtin(k->c, texts[kind]);
	return k->formats[kind];
}

void check_finish_formats(struct checker *k, struct draft *d)
{
	struct lang_scope scope = {
		.proxy = d->px, .places = AT(FE_LOG), .where = "log-format", .format = FORMAT_LOG};
	struct proxy_conf *px = d->px;

	if (!(px->role & ROLE_FRONTEND))
		return;
	if (d->log_kind == LOG_FORMAT)
		px->log_format = logfmt_parse(k->c, d->log_format_word, &scope);
	else
		px->log_format = format_builtin(k, d);
	if (d->error_log_format_word)
		px->error_log_format = logfmt_parse(k->c, d->error_log_format_word, &scope);
	if (d->log_format_sd_word)
		px->log_format_sd = logfmt_parse(k->c, d->log_format_sd_word, &scope);
	if (d->unique_id) {
		scope.where = "unique-id-format";
		scope.places = AT(FE_REQ_HDR);
		scope.format = FORMAT_UNIQUE_ID;
		px->unique_id_format = (struct logfmt *)logfmt_parse(k->c, d->unique_id, &scope);
	}
}
