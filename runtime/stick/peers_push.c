/* What a peer is told of our tables: everything that it asked for, then each change. A definition goes before
 * the entries of another table. What was sent and not acknowledged is sent again on the next connection. Worker
 * 0. */
#include "runtime/stick/peers_state.h"

#include "runtime/eval/hash.h"

struct push {
	struct peer_session *s;
	struct peer_share *share;
	uint64_t now;
	bool timed;
};

static bool has_room(const struct peer_session *s)
{
	return s->out.len - s->sent < PEERS_OUT_MOST;
}

uint32_t peers_shard(const struct stick_hold *h)
{
	uint32_t shards = h->table->peers_shards;

	return shards ? (uint32_t)(hash_xxh64(stick_key(h->table, h->entry), 0) % shards) + 1 : 0;
}

/* Peers with a shard get their part of the keys (manual 3.4, 3.5.2, "shards"). What one cannot have is as good
 * as none, and the local peer, who takes over, gets all. */
static bool is_meant_for(const struct peer *peer, const struct stick_hold *h)
{
	uint32_t shard = peer->conf->shard;

	return !shard || peer->local || shard > h->table->peers_shards || shard == peers_shard(h);
}

static bool push_entry(struct stick_hold *h, uint64_t number, void *ctx)
{
	struct push *p = ctx;

	if (!has_room(p->s))
		return false;
	if (!is_meant_for(p->s->peer, h))
		return true;
	if (p->s->announced != p->share)
		peers_put_definition(&p->s->out, p->share->table, p->share->id);
	p->s->announced = p->share;
	peers_put_entry(&p->s->out, h, (uint32_t)number, p->timed, p->now);
	p->share->last_pushed = (uint32_t)number;
	return true;
}

/* True: it has heard everything up to the moment when it asked. */
static bool teach(struct peer_session *s)
{
	struct push p = {.s = s, .now = s->conn.worker->now, .timed = true};

	for (uint32_t i = 0; i < s->peers->ntables; i++) {
		struct peer_share *share = p.share = &s->peer->shares[i];
		struct stick_walk walk = {
			.until = share->taught_until, .learned = true, .fn = push_entry, .ctx = &p};

		if (!stick_sync_walk(share->table, &share->taught, &walk))
			return false;
	}
	return true;
}

static void teach_end(struct peer_session *s)
{
	for (uint32_t i = 0; i < s->peers->ntables; i++) {
		struct peer_share *share = &s->peer->shares[i];

		for (uint32_t k = 0; k < STICK_SHARDS_MAX; k++)
			if (share->pushed.at[k] < share->taught.at[k])
				share->pushed.at[k] = share->taught.at[k];
	}
	s->teaching = false;
	peers_put_control(&s->out,
			  s->peers->resync == RESYNC_DONE ? PEERS_RESYNC_FINISHED : PEERS_RESYNC_PARTIAL);
}

void peer_teach_begin(struct peer_session *s)
{
	for (uint32_t i = 0; i < s->peers->ntables; i++) {
		struct peer_share *share = &s->peer->shares[i];

		share->taught = (struct stick_cursor){0};
		share->taught_until = atomic_load(&share->table->updates);
		peers_put_definition(&s->out, share->table, share->id);
		s->announced = share;
	}
	s->teaching = true;
}

static void push_changes(struct peer_session *s)
{
	struct push p = {.s = s, .now = s->conn.worker->now};

	for (uint32_t i = 0; i < s->peers->ntables && has_room(s); i++) {
		struct peer_share *share = p.share = &s->peer->shares[i];
		struct stick_walk walk = {.until = UINT64_MAX, .fn = push_entry, .ctx = &p};

		stick_sync_walk(share->table, &share->pushed, &walk);
	}
}

void peer_push(struct peer_session *s)
{
	if (s->teaching && teach(s))
		teach_end(s);
	if (!s->teaching && !s->peer->local)
		push_changes(s);
}

void peer_acked(struct peer_session *s, uint32_t table_id, uint32_t number)
{
	struct peer_share *share;

	if (!table_id || table_id > s->peers->ntables)
		return;
	share = &s->peer->shares[table_id - 1];
	share->last_acked = number;
	if (number == share->last_pushed)
		share->safe = share->pushed;
}

void peer_share_reset(struct peer *peer)
{
	for (uint32_t i = 0; i < peer->peers->ntables; i++)
		peer->shares[i].pushed = peer->shares[i].safe;
}
