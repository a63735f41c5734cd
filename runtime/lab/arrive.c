/* Arrivals: when requests come, of which class and key they are, and how lucky. The generators are apart from
 * each other and from the balancer's, so that every algorithm sees the same requests. One thread. */
#include <math.h>

#include "runtime/backend/balance_key.h"
#include "runtime/eval/message.h"
#include "runtime/lab/world.h"

static const double NS = 1e9;

/* Arrivals per second now. A rate that falls to nothing is looked at again after a while. */
static double rate_now(const struct world *w)
{
	const struct lab_arrivals *a = &w->s->arrivals;
	double t = (double)w->now / NS, rate = w->rate;

	if (a->shape == SHAPE_RAMP)
		rate += (a->rate2 - a->rate) * t / w->s->duration;
	else if (a->shape == SHAPE_WAVE)
		rate += a->rate2 * sin(2 * M_PI * t / a->period);
	return rate > 0.001 ? rate : 0.001;
}

static void arrival_plan(struct world *w, double in)
{
	uint64_t at = w->now + (uint64_t)(in * NS);

	if (w->s->duration > 0 && at >= (uint64_t)(w->s->duration * NS))
		w->arrivals_left = 0;
	if (!w->arrivals_left)
		return;
	agenda_put(&w->agenda, at, WHAT_ARRIVAL, NULL, 0);
}

static void arrival_next(struct world *w)
{
	const struct lab_arrivals *a = &w->s->arrivals;
	double mean = (a->kind == ARRIVE_BURSTS ? a->burst : 1) / rate_now(w);

	arrival_plan(w, a->kind == ARRIVE_CONSTANT ? mean : -mean * log(lab_random_unit(&w->when)));
}

static void user_think(struct world *w)
{
	arrival_plan(w, dist_draw(&w->s->arrivals.think, &w->when));
}

void arrivals_begin(struct world *w)
{
	if (w->s->arrivals.kind != ARRIVE_CLOSED)
		arrival_next(w);
	for (uint32_t i = 0; w->s->arrivals.kind == ARRIVE_CLOSED && i < w->s->arrivals.users; i++)
		user_think(w);
}

void arrivals_now(struct world *w)
{
	const struct lab_arrivals *a = &w->s->arrivals;

	for (uint32_t i = 0; i < (a->kind == ARRIVE_BURSTS ? a->burst : 1) && w->arrivals_left; i++) {
		w->arrivals_left--;
		w->last_arrival = w->now;
		request_arrive(w);
	}
	if (a->kind != ARRIVE_CLOSED)
		arrival_next(w);
}

void arrivals_answered(struct world *w)
{
	if (w->s->arrivals.kind == ARRIVE_CLOSED)
		user_think(w);
}

/* --- what it brings */

static uint32_t class_draw(struct world *w)
{
	double x = lab_random_unit(&w->which) * w->shares;
	uint32_t i = 0;

	while (i + 1 < w->s->classes.n && x > w->s->classes.v[i].share)
		x -= w->s->classes.v[i++].share;
	return i;
}

static uint32_t key_draw(struct world *w)
{
	uint32_t n = w->s->keys ? w->s->keys : 10000, low = 0, high = n - 1;
	double x = lab_random_unit(&w->keys);

	if (!w->zipf)
		return (uint32_t)(x * n) % n;
	while (low < high) {
		uint32_t mid = low + (high - low) / 2;

		if (w->zipf[mid] < x)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

/* Number in decimal behind what is there. */
static size_t text_number(char *text, size_t len, uint32_t n)
{
	char digits[10];
	size_t k = 0;

	do
		digits[k++] = (char)('0' + n % 10);
	while (n /= 10);
	while (k)
		text[len++] = digits[--k];
	return len;
}

/* The key as an address, a URI, or a text, hashed as lbd does. */
static void key_hash(struct world *w, struct lab_request *q)
{
	static const char before[] = "/object/";
	struct http_msg req = {0};
	char text[32];
	size_t len;

	switch (w->proxy_conf.balance.kind) {
	case BAL_SOURCE:
		q->client = (union addr){
			.in = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(0x0a000000 + q->key)}};
		q->r.client = &q->client;
		balance_key(&q->r, NULL);
		return;
	case BAL_URI:
		memcpy(text, before, sizeof(before) - 1);
		len = text_number(text, sizeof(before) - 1, q->key);
		req.uri = str_make(text, len);
		balance_key(&q->r, &req);
		return;
	default:
		if (balance_is_fixed(&w->proxy))
			balance_key_sample(&q->r, str_make(text, text_number(text, 0, q->key)));
	}
}

void arrival_draw(struct world *w, struct lab_request *q)
{
	q->class = w->s->classes.n > 1 ? class_draw(w) : 0;
	q->key = key_draw(w);
	q->luck = lab_random_next(&w->luck);
	key_hash(w, q);
}
