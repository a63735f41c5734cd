/* Providers of the library and which implementations are preferred (manual, "ssl-provider",
 * "ssl-provider-path", "ssl-propquery"): loaded into the library's default context before any certificate is
 * read, and kept until the process ends. Main thread. */
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/provider.h>

#include "runtime/tls/tls_inside.h"

static void provider_load(struct tls_world *w, const struct tls_provider_conf *p)
{
	char text[256], path[1024];

	if (p->path.len) {
		snprintf(path, sizeof(path), "%.*s", STR_ARG(p->path));
		OSSL_PROVIDER_set_default_search_path(NULL, path);
	}
	snprintf(text, sizeof(text), "%.*s", STR_ARG(p->name));
	if (!OSSL_PROVIDER_available(NULL, text) && !OSSL_PROVIDER_load(NULL, text))
		tls_alert(w, "config : ssl-provider %s: unknown provider", text);
	ERR_clear_error();
}

void tls_providers_load(struct tls_world *w)
{
	const struct tls_global_conf *g = &w->model->global.tls;
	char text[1024];

	vec_each (p, &g->providers)
		provider_load(w, p);
	if (!g->propquery.len)
		return;
	snprintf(text, sizeof(text), "%.*s", STR_ARG(g->propquery));
	if (EVP_set_default_properties(NULL, text) != 1)
		tls_alert(w, "config : ssl-propquery %s: invalid property query", text);
	ERR_clear_error();
}
