/* Counts of sampled log targets: one for each, found by the target's address. There are few, so they are a
 * list. */
#include "runtime/core/log_sample.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "runtime/core/process.h"

struct log_sample {
	const struct log_target *target;
	uint32_t size;
	atomic_uint lines;
};

struct log_samples {
	uint32_t n;
	struct log_sample v[];
};

static uint32_t number_take(struct str *text)
{
	size_t n = 0;
	uint64_t value = 0;

	while (n < text->len && text->ptr[n] >= '0' && text->ptr[n] <= '9')
		n++;
	str_to_u64(str_sub(*text, 0, n), &value);
	*text = str_tail(*text, n);
	return value > UINT32_MAX ? UINT32_MAX : (uint32_t)value;
}

/* The checker has seen to it that ranges grow and that the size is there. */
static uint32_t size_of(struct str sample)
{
	struct str size = str_tail(sample, str_chr(sample, ':') + 1);

	return number_take(&size);
}

static bool in_ranges(struct str sample, uint32_t number)
{
	struct str ranges = str_sub(sample, 0, str_chr(sample, ':'));
	uint32_t first, last;

	while (ranges.len) {
		first = last = number_take(&ranges);
		if (ranges.len && ranges.ptr[0] == '-') {
			ranges = str_tail(ranges, 1);
			last = number_take(&ranges);
		}
		if (number >= first && number <= last)
			return true;
		ranges = str_tail(ranges, 1);
	}
	return false;
}

static void samples_add(struct log_samples *s, const struct log_target *targets, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		if (targets[i].sample.len) {
			s->v[s->n].target = &targets[i];
			s->v[s->n++].size = size_of(targets[i].sample);
		}
}

bool log_samples_init(struct process *p, const struct model *m)
{
	struct log_samples *s;
	uint32_t n = m->global.log_targets.n;

	vec_each (px, &m->proxies)
		n += (*px)->log_targets.n;
	vec_each (px, &m->templates)
		n += (*px)->log_targets.n;
	vec_each (f, &m->forwards)
		n += (*f)->px->log_targets.n;
	s = calloc(1, sizeof(*s) + n * sizeof(*s->v));
	if (!s)
		return false;
	samples_add(s, m->global.log_targets.v, m->global.log_targets.n);
	vec_each (px, &m->proxies)
		samples_add(s, (*px)->log_targets.v, (*px)->log_targets.n);
	vec_each (px, &m->templates)
		samples_add(s, (*px)->log_targets.v, (*px)->log_targets.n);
	vec_each (f, &m->forwards)
		samples_add(s, (*f)->px->log_targets.v, (*f)->px->log_targets.n);
	log_samples_free(p);
	p->log_samples = s;
	return true;
}

void log_samples_free(struct process *p)
{
	free(p->log_samples);
	p->log_samples = NULL;
}

bool log_sample_takes(struct process *p, const struct log_target *target)
{
	struct log_samples *s = p->log_samples;

	for (uint32_t i = 0; s && i < s->n; i++)
		if (s->v[i].target == target && s->v[i].size)
			return in_ranges(target->sample,
					 atomic_fetch_add(&s->v[i].lines, 1) % s->v[i].size + 1);
	return true;
}
