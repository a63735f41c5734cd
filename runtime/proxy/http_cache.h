/* A stream and the caches (manual, section 6): answers out of them, responses into them. Worker thread only. */
#ifndef LB_PROXY_HTTP_CACHE_H
#define LB_PROXY_HTTP_CACHE_H

#include "runtime/cache/cache.h"
#include "runtime/proxy/http_stream.h"

/* Of a stream whose request met `cache-use`; in its scratch memory. */
struct http_cache {
	struct cache *cache;	    /* that the entry is of */
	struct cache_entry *entry;  /* that answers; counted, or NULL */
	struct cache_store *store;  /* what the response becomes, or NULL */
	struct cache_key key;
	struct cache_vary vary;
	struct cache_request request;
	struct str body;	    /* of the answer */
	struct buf buf;		    /* around it, when it goes through the flow */
};

/* Action cache-use: has the stream an answer now? */
bool http_cache_use(struct http_stream *hs, const struct rule *rule);
/* Action cache-store: from now on what comes of the response is kept. */
void http_cache_store(struct http_stream *hs, const struct rule *rule);
/* The phase HTTP_CACHED: the answer is there, the rules of responses see it, then it goes out. */
enum http_next http_cache_begin(struct http_stream *hs);
enum http_next http_cache_run(struct http_stream *hs);
/* Bytes of the response's body, and its end. */
void http_cache_take(struct http_cache *c, struct str data);
void http_cache_end(struct http_cache *c);
/* What it holds goes. */
void http_cache_drop(struct http_stream *hs);

#endif
