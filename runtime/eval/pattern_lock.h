/* A read-write lock of one word, for short holds: readers count, a writer announces itself and waits for them
 * to leave. Who must wait gives the processor away. Any thread. */
#ifndef LB_EVAL_PATTERN_LOCK_H
#define LB_EVAL_PATTERN_LOCK_H

#include <sched.h>
#include <stdatomic.h>

typedef atomic_uint pattern_lock;
#define PATTERN_WRITER 0x80000000u

static inline void pattern_lock_read(pattern_lock *l)
{
	for (;;) {
		unsigned v = atomic_load_explicit(l, memory_order_relaxed);

		if (!(v & PATTERN_WRITER) && atomic_compare_exchange_weak_explicit(
						     l, &v, v + 1, memory_order_acquire, memory_order_relaxed))
			return;
		if (v & PATTERN_WRITER)
			sched_yield();
	}
}

static inline void pattern_unlock_read(pattern_lock *l)
{
	atomic_fetch_sub_explicit(l, 1, memory_order_release);
}

static inline void pattern_lock_write(pattern_lock *l)
{
	while (atomic_fetch_or_explicit(l, PATTERN_WRITER, memory_order_acquire) & PATTERN_WRITER)
		sched_yield();
	while (atomic_load_explicit(l, memory_order_acquire) != PATTERN_WRITER)
		sched_yield();
}

static inline void pattern_unlock_write(pattern_lock *l)
{
	atomic_fetch_and_explicit(l, ~PATTERN_WRITER, memory_order_release);
}

#endif
