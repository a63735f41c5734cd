/* Keys for balancing by hash: what of a connection or request is hashed, and how (manual, "balance" and
 * "hash-type"). Pure; any thread. What is hashed exactly was found by watching HAProxy. */
#ifndef LB_BACKEND_BALANCE_KEY_H
#define LB_BACKEND_BALANCE_KEY_H

#include "runtime/backend/connect.h"
#include "runtime/eval/message.h"

/* Hash of some bytes as `hash-type` says, to be used as srv_request.key. */
uint32_t balance_hash(const struct proxy_conf *conf, struct str bytes);

/* Sets r->key and r->has_key by r->backend's algorithm: from the client's address, or from an HTTP request
 * (NULL in mode tcp) whose header names have been parsed. For `balance hash`, the caller gives the sample:
 * balance_key_sample(). Without a key, balancing goes in turns. */
void balance_key(struct srv_request *r, struct http_msg *req);
void balance_key_sample(struct srv_request *r, struct str sample);
/* `balance hash <expr>`: the sample as bytes (addresses and numbers in network order). */
void balance_key_expr(struct srv_request *r, struct eval *e);

#endif
