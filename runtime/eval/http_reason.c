/* Reason phrases of HTTP statuses as HAProxy 2.6 writes them, by number; a class has a phrase of its own for
 * the rest. Constant data. */
#include "runtime/eval/message.h"

enum { REASON_FIRST = 100, REASON_END = 600 };

static const char *const reasons[REASON_END - REASON_FIRST] = {
#define REASON(status, text) [status - REASON_FIRST] = text,
#include "runtime/eval/http_reason.def"
#undef REASON
};

const char *http_reason(unsigned status)
{
	static const char *const classes[] = {"Informational", "Success", "Redirection", "Client Error",
					      "Server Error"};

	if (status - REASON_FIRST >= REASON_END - REASON_FIRST)
		return "Other";
	return reasons[status - REASON_FIRST] ? reasons[status - REASON_FIRST] : classes[status / 100 - 1];
}
