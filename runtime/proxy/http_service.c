/* Services inside the proxy (manual, "http-request use-service"): a table of names and functions; each writes a
 * document, and the stream sends it like any answer of its own. Worker thread of the stream. */
#include "runtime/proxy/http_stream.h"

#include "runtime/http/reply.h"
#include "runtime/stats/counters.h"
#include "runtime/stats/prometheus.h"

/* Fills the document; its status. */
typedef unsigned service_fn(struct http_stream *hs, struct out *document);

static unsigned prometheus(struct http_stream *hs, struct out *document)
{
	struct prometheus_query q;

	if (!prometheus_parse(http_uri_query(hs->req.uri), &q))
		return 400;
	prometheus_write(http_worker(hs), hs->s.session->frontend->generation, &q, document);
	return document->truncated ? 500 : 200;
}

static const struct service {
	const char *name, *type;
	const char *logged; /* in place of a server */
	service_fn *run;
} services[] = {{"prometheus-exporter", "text/plain; version=0.0.4", "<PROMEX>", prometheus}};

static const struct service *service_find(struct str name)
{
	for (size_t i = 0; i < sizeof(services) / sizeof(*services); i++)
		if (str_is(name, services[i].name))
			return &services[i];
	return NULL;
}

enum http_next http_service_run(struct http_stream *hs, const struct rule *rule)
{
	const struct service *s = service_find(rule->name);
	enum http_next next;
	unsigned status;

	stream_end(&hs->s, 'L', 'R');
	if (!s)
		return http_reply_error(hs, 500);
	hs->page = out_growing(SIZE_MAX / 2);
	hs->s.log.server = str_from(s->logged);
	http_note_service(hs);
	next = http_rules_service(hs);
	if (next != HTTP_AGAIN || hs->phase == HTTP_REPLY)
		return next;
	status = s->run(hs, &hs->page);
	if (status != 200)
		return http_reply_error(hs, status);
	return http_reply_page(hs, s->type);
}
