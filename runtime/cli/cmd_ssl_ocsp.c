/* `show ssl ocsp-updates`, `update ssl ocsp-response` (management manual of 2.8 and later). */
#include <stdlib.h>

#include "runtime/cli/cmd_ssl.h"
#include "runtime/tls/ocsp_update.h"
#include "runtime/tls/tls_inside.h"

static void put_time(struct out *o, int64_t when)
{
	time_t t = (time_t)when;
	char buf[64];
	struct tm tm;

	if (!when) {
		out_puts(o, "-");
		return;
	}
	localtime_r(&t, &tm);
	strftime(buf, sizeof(buf), "%d/%b/%Y:%H:%M:%S %z", &tm);
	out_puts(o, buf);
}

static void put_update(struct out *o, const struct tls_cert *c, const struct tls_ocsp_state *s)
{
	char key[2 * TLS_OCSP_KEY_MAX + 1];

	out_printf(o, "%s | %s | ", tls_ocsp_key(c->pair, key) ? key : "-", c->name);
	put_time(o, s->next);
	out_puts(o, " | ");
	put_time(o, s->last);
	out_printf(o, " | %u | %u | %u | %s\n", s->successes, s->failures, s->status,
		   ocsp_status_text(s->status));
}

static int by_time(const void *a, const void *b)
{
	const struct tls_cert *x = *(struct tls_cert *const *)a, *y = *(struct tls_cert *const *)b;

	return x->ocsp_state->next < y->ocsp_state->next ? -1 : x->ocsp_state->next > y->ocsp_state->next;
}

void cmd_show_ssl_ocsp_updates(struct cli_call *c)
{
	struct tls_world *w = cli_tls_begin(c);
	struct tls_cert **all = NULL, **more;
	uint32_t n = 0;

	for (struct list *i = w->certs.next; i != &w->certs; i = i->next) {
		struct tls_cert *cert = LIST_OF(i, struct tls_cert, node);

		if (!tls_ocsp_wanted(cert) || !tls_ocsp_state_of(cert) ||
		    !(more = realloc(all, (n + 1) * sizeof(*all))))
			continue;
		all = more;
		all[n++] = cert;
	}
	if (n)
		qsort(all, n, sizeof(*all), by_time);
	out_puts(c->out,
		 "OCSP Certid | Path | Next Update | Last Update | Successes | Failures | Last Update Status | "
		 "Last Update Status (str)\n");
	for (uint32_t i = 0; i < n; i++)
		put_update(c->out, all[i], all[i]->ocsp_state);
	free(all);
	cli_tls_end(w);
}

static void fetch(struct worker *w, struct cli_visit *v)
{
	char *name = (char *)(uintptr_t)v->pointer;

	v->pointer = NULL;
	tls_ocsp_fetch_now(w, v, name);
	free(name);
}

void cmd_update_ssl_ocsp(struct cli_call *c)
{
	struct cli_visit visit = {.fn = fetch, .waits = true};
	struct tls_world *w;
	struct tls_cert *cert;
	const char *why = NULL;
	char *name = NULL;

	if (!c->words[3].len) {
		cli_say(c, CLI_ERR, "'update ssl ocsp-response' expects a filename");
		return;
	}
	w = cli_tls_begin(c);
	cert = tls_cert_find(w, c->words[3]);
	if (!cert || !cert->pair)
		why = "Can't update ocsp response: Certificate not referenced!";
	else if (!cert->pair->issuer || !cert->pair->ocsp_known)
		why = "Can't send ocsp request: No OCSP response known for this certificate!";
	else
		name = strdup(cert->name);
	cli_tls_end(w);
	if (why) {
		cli_say(c, CLI_ERR, "%s", why);
		return;
	}
	visit.pointer = name;
	if (!name || !cli_visit(c, &visit))
		free(name);
}
