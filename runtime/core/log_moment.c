/* When the line about a stream goes out: as soon as everything is known that its format tells (manual,
 * section 8.2.6, and option logasap for the rest). Computed once for each proxy, while its generation is made;
 * pure functions, any thread. */
#include "runtime/core/log_moment.h"

#include "grammar/rows.h"

/* As HAProxy decides it; what is not listed is known when the response begins. */
static enum log_moment alias_moment(unsigned alias)
{
	switch (alias) {
	case LOGFMT_HM:
	case LOGFMT_HP:
	case LOGFMT_HPO:
	case LOGFMT_HQ:
	case LOGFMT_HU:
	case LOGFMT_HV:
	case LOGFMT_R:
	case LOGFMT_RT:
		return LOG_AT_REQUEST;
	case LOGFMT_B:
	case LOGFMT_U:
	case LOGFMT_ID:
	case LOGFMT_OG:
	case LOGFMT_TA:
	case LOGFMT_TC:
	case LOGFMT_TD:
	case LOGFMT_TH:
	case LOGFMT_TI:
	case LOGFMT_TQ:
	case LOGFMT_TR:
	case LOGFMT_TRR:
	case LOGFMT_TT:
	case LOGFMT_TU:
	case LOGFMT_TW:
	case LOGFMT_AC:
	case LOGFMT_BC:
	case LOGFMT_BQ:
	case LOGFMT_FC:
	case LOGFMT_RC:
	case LOGFMT_SC:
	case LOGFMT_SQ:
	case LOGFMT_STATE:
		return LOG_AT_END;
	default:
		return LOG_AT_RESPONSE;
	}
}

static bool is_late_fetch(unsigned fetch)
{
	static const uint16_t since[] = {
#define FETCH(id, name, args, type, places, since, fn) since,
#include "grammar/keywords/fetches.def"
#undef FETCH
	};

	return since[fetch] > 206; /* they came with figures of the end */
}

enum log_moment log_moment(const struct proxy_conf *conf)
{
	enum log_moment latest = LOG_AT_REQUEST;
	bool any = false;

	if (!conf->log_format || conf->error_log_format || conf->log_steps)
		return LOG_AT_END;
	for (uint32_t i = 0; i < conf->log_format->n; i++) {
		const struct logfmt_node *n = &conf->log_format->nodes[i];
		enum log_moment m = LOG_AT_RESPONSE;

		if (n->kind == LOGFMT_TEXT)
			continue;
		if (n->kind == LOGFMT_ALIAS)
			m = alias_moment(n->alias);
		else if (is_late_fetch(n->sample->fetch))
			m = LOG_AT_END;
		latest = m > latest ? m : latest;
		any = true;
	}
	return any ? latest : LOG_AT_RESPONSE;
}
