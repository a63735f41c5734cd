/* What rules change about the stream around a message and not in the message itself: addresses, timeouts, places in queues, marks of
 * packets (manual: set-src, set-timeout, set-priority-class, set-mark and their like). The evaluator notes it here; the host of the
 * stream acts on it. Made in the scratch memory of the stream when the first rule asks; most streams have none. One thread. */
#ifndef LB_EVAL_SETTINGS_H
#define LB_EVAL_SETTINGS_H

#include "runtime/eval/eval.h"

/* Bits of rule_settings.has. */
enum rule_setting {
	SET_SRC = 1, SET_DST = 2, SET_FC_MARK = 4, SET_FC_TOS = 8, SET_BC_MARK = 16, SET_BC_TOS = 32, SET_RETRIES = 64, SET_NO_L7_RETRY = 128,
	SET_PRIORITY = 256, SET_EXPECT_PROXY = 512, SET_EXPECT_CIP = 1024
};

struct rule_settings {
	uint32_t has;	  /* enum rule_setting */
	uint32_t changed; /* those that the host has not acted on yet */
	uint32_t timeouts; /* which of timeout[] are set, 1 << enum timeout_kind */
	uint32_t timeout[TMO_COUNT]; /* ms */
	union addr src, dst;
	uint32_t fc_mark, fc_tos, bc_mark, bc_tos;
	int32_t prio_class;  /* -2047 to 2047, smaller is served first */
	int32_t prio_offset; /* ms, -524287 to 524287 */
	uint32_t retries;
};

/* Those of the stream, made when there are none; NULL: no stream here, or no memory. */
struct rule_settings *settings_get(struct eval *e);

#endif
