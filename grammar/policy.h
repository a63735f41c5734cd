/* What of the diagnostics is shown, and how severely: the switches of -W, and comments in the configuration
 * that allow a finding at one place. Applied once, after loading and before rendering. One thread. */
#ifndef LB_GRAMMAR_POLICY_H
#define LB_GRAMMAR_POLICY_H

#include "grammar/load.h"

enum policy_switch { SWITCH_DEFAULT, SWITCH_ON, SWITCH_OFF, SWITCH_ERROR };

struct policy {
	bool werror;               /* every warning is an error */
	uint8_t classes[DC_COUNT]; /* enum policy_switch; errors of the language are beyond them */
};

/* Reads "CLASS", "no-CLASS", "error" or "error=CLASS", as behind -W; false when there is no such class. */
bool policy_option(struct policy *p, const char *value);

/* Leaves out the diagnostics of `l` that are switched off or allowed, makes errors of warnings where asked for,
 * counts anew and reports allowances that allow nothing.
 *
 * `# lbcheck: allow(CODE[, CODE...]) reason` behind a line allows warnings of these codes on it; on a line of
 * its own, on the next line that holds a statement. CODE is LBW0311, 311 or the readable name. Errors cannot be
 * allowed.
 */
void policy_apply(const struct policy *p, struct loaded *l);

#endif
