/* What an entry of a stick table stores: reading, writing and counting by type, and the texts that entries
 * share. The caller holds the entry; the texts have a lock of their own, which may be taken under a shard's. */
#include <stdlib.h>

#include "runtime/stick/table.h"

bool stick_read(const struct stick_hold *h, enum stick_data data, uint32_t index, uint64_t now, int64_t *value)
{
	const void *at = stick_at(h, data, index);
	uint32_t plain;

	if (!at)
		return false;
	switch (stick_data_row(data)->kind) {
	case STICK_U64:
		*value = *(const int64_t *)at;
		break;
	case STICK_RATE:
	case STICK_RATES:
		*value = stick_rate_read(at, (uint32_t)now, h->table->conf->period[data]);
		break;
	default: /* HAProxy's server ids have a sign */
		plain = *(const uint32_t *)at;
		*value = data == STICK_SERVER_ID ? (int32_t)plain : (int64_t)plain;
	}
	return true;
}

void stick_write(const struct stick_hold *h, enum stick_data data, uint32_t index, uint64_t now, int64_t value)
{
	void *at = stick_at(h, data, index);

	if (!at)
		return;
	switch (stick_data_row(data)->kind) {
	case STICK_U64:
		*(int64_t *)at = value;
		break;
	case STICK_RATE:
	case STICK_RATES:
		*(struct stick_rate *)at = (struct stick_rate){(uint32_t)now, (uint32_t)value, 0};
		break;
	default:
		*(uint32_t *)at = (uint32_t)value;
	}
}

void stick_add(const struct stick_hold *h, enum stick_data data, uint32_t index, uint64_t now, uint64_t n)
{
	void *at = stick_at(h, data, index);

	if (!at)
		return;
	switch (stick_data_row(data)->kind) {
	case STICK_U64:
		*(uint64_t *)at += n;
		break;
	case STICK_RATE:
	case STICK_RATES:
		stick_rate_add(at, (uint32_t)now, h->table->conf->period[data], (uint32_t)n);
		break;
	default:
		*(uint32_t *)at += (uint32_t)n;
	}
}

/* Few: as many as there are servers. */
static uint32_t text_find(const struct stick_texts *texts, struct str text)
{
	uint32_t i = 0;

	while (i < texts->n && !str_eq(texts->v[i], text))
		i++;
	return i < texts->n ? i + 1 : 0;
}

static uint32_t text_add(struct stick_texts *texts, struct str text)
{
	char *copy;

	if (texts->n == texts->cap) {
		uint32_t cap = texts->cap ? 2 * texts->cap : 16;
		struct str *v = cap <= STICK_TEXTS_MAX ? realloc(texts->v, cap * sizeof(*v)) : NULL;

		if (!v)
			return 0;
		texts->v = v;
		texts->cap = cap;
	}
	copy = malloc(text.len + 1);
	if (!copy)
		return 0;
	memcpy(copy, text.ptr, text.len);
	copy[text.len] = '\0';
	texts->v[texts->n++] = str_make(copy, text.len);
	return texts->n;
}

uint32_t stick_text_put(struct stick_tables *all, struct str text)
{
	uint32_t number;

	if (!text.len)
		return 0;
	pthread_mutex_lock(&all->texts.lock);
	number = text_find(&all->texts, text);
	if (!number)
		number = text_add(&all->texts, text);
	pthread_mutex_unlock(&all->texts.lock);
	return number;
}

struct str stick_text_get(struct stick_tables *all, uint32_t number)
{
	struct str text = STR_NONE;

	pthread_mutex_lock(&all->texts.lock);
	if (number && number <= all->texts.n)
		text = all->texts.v[number - 1];
	pthread_mutex_unlock(&all->texts.lock);
	return text;
}
