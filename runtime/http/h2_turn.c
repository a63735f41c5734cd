/* Turns of a connection (manual, tune.h2.fe.max-frames-at-once, tune.h2.fe.max-rst-at-once): after so many
 * frames, or resets of streams, other connections have theirs; what has been read already waits in memory of
 * its own, and nothing more is read before it is handled. Frames are only counted here: nghttp2 takes the same
 * bytes apart. Worker thread only. */
#include <stdlib.h>
#include <string.h>

#include "runtime/http/h2_turn.h"

enum { FRAME_HEAD = 9 };

struct h2_turn {
	uint32_t left; /* of the frame under way, behind its head */
	uint8_t head[FRAME_HEAD];
	uint8_t nhead;
	char *kept;
	size_t nkept;
	ev_timer again; /* fires at once, but behind the events of others */
	struct h2_conn *h2;
};

static void again(struct ev_loop *loop, ev_timer *timer, int revents)
{
	struct h2_turn *t = (struct h2_turn *)((char *)timer - offsetof(struct h2_turn, again));
	char *kept = t->kept;

	(void)loop, (void)revents;
	t->kept = NULL;
	if (kept)
		h2_conn_feed(t->h2, kept, t->nkept);
	free(kept);
}

bool h2_turn_begin(struct h2_conn *h)
{
	if (!h->settings.max_frames_at_once && !h->settings.max_rst_at_once)
		return true;
	h->turn = calloc(1, sizeof(*h->turn));
	if (!h->turn)
		return false;
	h->turn->h2 = h;
	h->turn->left = h->server ? NGHTTP2_CLIENT_MAGIC_LEN : 0;
	ev_timer_init(&h->turn->again, again, 0, 0);
	return true;
}

void h2_turn_free(struct h2_conn *h)
{
	if (!h->turn)
		return;
	ev_timer_stop(h->carrier->worker->loop, &h->turn->again);
	free(h->turn->kept);
	free(h->turn);
	h->turn = NULL;
}

/* Over the next bytes of a frame. *type: of one that has ended here, else -1. How many they were. */
static size_t frame_pass(struct h2_turn *t, const char *data, size_t len, int *type)
{
	size_t n;

	*type = -1;
	if (!t->left && t->nhead < FRAME_HEAD) {
		n = len < (size_t)(FRAME_HEAD - t->nhead) ? len : (size_t)(FRAME_HEAD - t->nhead);
		memcpy(t->head + t->nhead, data, n);
		t->nhead += (uint8_t)n;
		if (t->nhead == FRAME_HEAD)
			t->left = (uint32_t)t->head[0] << 16 | (uint32_t)t->head[1] << 8 | t->head[2];
	} else {
		n = len < t->left ? len : t->left;
		t->left -= (uint32_t)n;
	}
	if (t->nhead == FRAME_HEAD && !t->left) {
		*type = t->head[3];
		t->nhead = 0;
	}
	return n;
}

/* The length of what may be handled in this turn. */
static size_t cut(struct h2_conn *h, const char *data, size_t len)
{
	const struct h2_settings *s = &h->settings;
	uint32_t frames = 0, resets = 0;
	size_t at = 0;

	while (at < len) {
		int type;

		at += frame_pass(h->turn, data + at, len - at, &type);
		frames += type >= 0;
		resets += type == NGHTTP2_RST_STREAM;
		if ((s->max_frames_at_once && frames >= s->max_frames_at_once) ||
		    (s->max_rst_at_once && resets >= s->max_rst_at_once))
			break;
	}
	return at;
}

size_t h2_turn_take(struct h2_conn *h, const void *data, size_t len)
{
	size_t n = cut(h, data, len);

	if (n == len)
		return n;
	h->turn->kept = malloc(len - n);
	if (!h->turn->kept)
		return len; /* there is no memory to be fair */
	memcpy(h->turn->kept, (const char *)data + n, len - n);
	h->turn->nkept = len - n;
	ev_timer_set(&h->turn->again, 0, 0);
	ev_timer_start(h->carrier->worker->loop, &h->turn->again);
	return n;
}

bool h2_turn_is_over(const struct h2_conn *h)
{
	return h->turn && h->turn->kept;
}
