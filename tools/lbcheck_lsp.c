/* `lbcheck lsp`: a language server on standard input and output (Language Server Protocol 3.17). This file
 * reads messages, keeps the documents and hands requests on. Each document is a configuration of its own;
 * nothing of this machine is looked at unless the editor opened it. One thread. */
#include "tools/lbcheck_lsp.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { MESSAGE_MAX = 64 << 20, HEADER_MAX = 4096 };

struct server {
	const struct lbcheck *l;
	struct lsp_document *documents;
	bool shutdown, exit;
};

static void send_message(json_t *message)
{
	char *text = message ? json_dumps(message, JSON_COMPACT) : NULL;

	if (text)
		printf("Content-Length: %zu\r\n\r\n%s", strlen(text), text);
	fflush(stdout);
	free(text);
	json_decref(message);
}

static void reply(const json_t *id, json_t *result)
{
	send_message(json_pack("{s:s, s:O, s:o}", "jsonrpc", "2.0", "id", id, "result",
			       result ? result : json_null()));
}

static void reply_error(const json_t *id, int code, const char *message)
{
	send_message(json_pack("{s:s, s:O, s:{s:i, s:s}}", "jsonrpc", "2.0", "id", id, "error", "code", code,
			       "message", message));
}

/* The body of the next message; NULL at the end, or when it is none. */
static char *read_message(size_t *len)
{
	char line[HEADER_MAX];
	char *body;

	*len = 0;
	while (fgets(line, sizeof(line), stdin) && strcmp(line, "\r\n") != 0 && strcmp(line, "\n") != 0)
		if (strncasecmp(line, "Content-Length:", 15) == 0)
			*len = strtoul(line + 15, NULL, 10);
	if (!*len || *len > MESSAGE_MAX)
		return NULL;
	body = malloc(*len);
	if (body && fread(body, 1, *len, stdin) != *len) {
		free(body);
		return NULL;
	}
	return body;
}

static struct lsp_document *document_find(const struct server *s, const char *uri)
{
	struct lsp_document *d = s->documents;

	while (d && uri && strcmp(d->uri, uri) != 0)
		d = d->next;
	return uri ? d : NULL;
}

static const char *params_uri(const json_t *params)
{
	return json_string_value(json_object_get(json_object_get(params, "textDocument"), "uri"));
}

static void document_free(struct lsp_document *d)
{
	lbconf_free(d->conf);
	free(d->uri);
	free(d->text);
	free(d);
}

static void document_close(struct server *s, const char *uri)
{
	for (struct lsp_document **d = &s->documents; *d; d = &(*d)->next) {
		struct lsp_document *gone = *d;

		if (!uri || strcmp(gone->uri, uri) != 0)
			continue;
		*d = gone->next;
		document_free(gone);
		return;
	}
}

static struct lsp_document *document_open(struct server *s, const char *uri)
{
	struct lsp_document *d = document_find(s, uri);

	if (d || !uri)
		return d;
	d = calloc(1, sizeof(*d));
	if (d)
		d->uri = strdup(uri);
	if (!d || !d->uri) {
		free(d);
		return NULL;
	}
	d->next = s->documents;
	s->documents = d;
	return d;
}

static void publish(const char *uri, json_t *diagnostics)
{
	send_message(json_pack("{s:s, s:s, s:{s:s, s:o}}", "jsonrpc", "2.0", "method",
			       "textDocument/publishDiagnostics", "params", "uri", uri, "diagnostics",
			       diagnostics));
}

/* A new text: judged anew. */
static void document_set(struct server *s, const char *uri, const json_t *text)
{
	struct lsp_document *d = document_open(s, uri);
	size_t len = json_string_length(text);
	char *copy = d && json_is_string(text) ? malloc(len + 1) : NULL;

	if (!copy)
		return;
	memcpy(copy, json_string_value(text), len + 1);
	free(d->text);
	d->text = copy;
	d->len = len;
	lbconf_free(d->conf);
	d->conf = lbconf_load_text(s->l->options, d->uri, copy, len);
	if (d->conf)
		publish(d->uri, lsp_diagnostics(d));
}

static void notification(struct server *s, const char *method, const json_t *params)
{
	const json_t *document = json_object_get(params, "textDocument");
	const json_t *changes = json_object_get(params, "contentChanges");

	if (strcmp(method, "exit") == 0) {
		s->exit = true;
	} else if (strcmp(method, "textDocument/didOpen") == 0) {
		document_set(s, params_uri(params), json_object_get(document, "text"));
	} else if (strcmp(method, "textDocument/didChange") == 0 && json_array_size(changes)) {
		/* The whole text, as we ask for it. */
		document_set(s, params_uri(params),
			     json_object_get(json_array_get(changes, json_array_size(changes) - 1), "text"));
	} else if (strcmp(method, "textDocument/didClose") == 0 && params_uri(params)) {
		publish(params_uri(params), json_array());
		document_close(s, params_uri(params));
	}
}

static json_t *capabilities(void)
{
	return json_pack("{s:{s:i, s:b, s:{s:[s]}, s:b, s:b, s:b}, s:{s:s}}", "capabilities",
			 "textDocumentSync", 1, "hoverProvider", 1, "completionProvider", "triggerCharacters",
			 " ", "definitionProvider", 1, "codeActionProvider", 1, "documentFormattingProvider", 1,
			 "serverInfo", "name", "lbcheck");
}

static void document_request(const struct server *s, const json_t *id, const char *method, const json_t *params)
{
	const struct lsp_document *d = document_find(s, params_uri(params));
	const json_t *position = json_object_get(params, "position");

	if (!d || !d->conf)
		reply(id, NULL);
	else if (strcmp(method, "textDocument/hover") == 0)
		reply(id, lsp_hover(d, position));
	else if (strcmp(method, "textDocument/completion") == 0)
		reply(id, lsp_completion(d, position));
	else if (strcmp(method, "textDocument/definition") == 0)
		reply(id, lsp_definition(d, position));
	else if (strcmp(method, "textDocument/codeAction") == 0)
		reply(id, lsp_actions(d, json_object_get(params, "range")));
	else if (strcmp(method, "textDocument/formatting") == 0)
		reply(id, lsp_formatting(d));
	else
		reply_error(id, -32601, "there is no such method");
}

static void request(struct server *s, const json_t *id, const char *method, const json_t *params)
{
	if (strcmp(method, "initialize") == 0) {
		reply(id, capabilities());
	} else if (strcmp(method, "shutdown") == 0) {
		s->shutdown = true;
		reply(id, NULL);
	} else if (strncmp(method, "textDocument/", 13) == 0) {
		document_request(s, id, method, params);
	} else {
		reply_error(id, -32601, "there is no such method");
	}
}

static void message_take(struct server *s, const char *body, size_t len)
{
	json_t *message = json_loadb(body, len, 0, NULL);
	const char *method = json_string_value(json_object_get(message, "method"));
	const json_t *id = json_object_get(message, "id");

	if (!message)
		reply_error(json_null(), -32700, "this is no JSON");
	else if (method && id)
		request(s, id, method, json_object_get(message, "params"));
	else if (method)
		notification(s, method, json_object_get(message, "params"));
	json_decref(message);
}

int lbcheck_lsp(const struct lbcheck *l)
{
	struct server s = {.l = l};
	char *body;
	size_t len;

	lbconf_set_offline(l->options, true);
	while (!s.exit && (body = read_message(&len))) {
		message_take(&s, body, len);
		free(body);
	}
	while (s.documents)
		document_close(&s, s.documents->uri);
	return s.exit && s.shutdown ? LBCHECK_CLEAN : LBCHECK_ERRORS;
}
