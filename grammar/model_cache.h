/* The model: caches (manual, section 6.2.1). Plain data of the model's arena. */
#ifndef LB_GRAMMAR_MODEL_CACHE_H
#define LB_GRAMMAR_MODEL_CACHE_H

#include "grammar/model_rule.h"

struct cache_conf {
	struct str name;
	struct conf_pos pos;
	uint32_t id;		  /* index in model->caches */
	uint32_t total_mb;	  /* total-max-size */
	uint32_t max_age;	  /* seconds */
	uint32_t max_secondary;	  /* entries of one key that differ in what they vary by */
	uint64_t max_object_size; /* bytes; 0: a 256th of the whole */
	bool process_vary;
};

/* Bytes of the largest object that is kept. */
static inline uint64_t cache_conf_max_object(const struct cache_conf *c)
{
	return c->max_object_size ? c->max_object_size : ((uint64_t)c->total_mb << 20) / 256;
}

#endif
