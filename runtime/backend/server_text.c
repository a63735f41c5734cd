/* The state of a server in the words of the statistics (management manual, section 9.1, "status"). Reads
 * atomics only; any worker. */
#include <stdio.h>

#include "runtime/backend/server_change.h"
#include "runtime/health/check.h"

/* The server whose checks decide: its own or the one at the end of `track`. */
static struct server *server_checked(struct server *s)
{
	while (s && !s->check && !s->agent && s->conf->track_server)
		s = generation_server(s->proxy->generation, s->conf->track_server);
	return s;
}

/* Health goes from 0 to rise + fall - 1: below rise it is down. */
static void state_with_health(int oper, const char *up, const struct check_report *r, char *text, size_t size)
{
	if (oper == SRV_STOPPED && r->health)
		snprintf(text, size, "DOWN %d/%d", r->health, r->rise);
	else if (oper == SRV_STOPPED)
		snprintf(text, size, "DOWN");
	else if (r->health >= r->rise && r->health < r->rise + r->fall - 1)
		snprintf(text, size, "%s %d/%d", up, r->health - r->rise + 1, r->fall);
	else
		snprintf(text, size, "%s", up);
}

static void state_of_service(struct server *s, bool drains, char *text, size_t size)
{
	struct server *checked = server_checked(s);
	struct check_report report = {0}, agent = {.health = 1};
	int oper = atomic_load(&s->oper);
	bool has_agent = checked && check_agent_report(checked, &agent);
	const char *up = oper == SRV_STOPPING ? "NOLB"
			 : drains             ? (has_agent ? "DRAIN (agent)" : "DRAIN")
					      : "UP";

	if (!agent.health)
		snprintf(text, size, "DOWN (agent)");
	else if (checked && check_is_enabled(checked) && check_report(checked, &report))
		state_with_health(oper, up, &report, text, size);
	else
		snprintf(text, size, "%s", drains ? up : "no check");
}

void server_state_text(struct server *s, char *text, size_t size)
{
	unsigned admin = atomic_load(&s->admin);

	if (admin & SRV_ADM_RMAINT)
		snprintf(text, size, "MAINT (resolution)");
	else if (admin & SRV_ADM_IMAINT && s->conf->track_server)
		snprintf(text, size, "MAINT (via %.*s/%.*s)", STR_ARG(s->conf->track_server->proxy->name),
			 STR_ARG(s->conf->track_server->name));
	else if (admin & SRV_ADM_ANY_MAINT)
		snprintf(text, size, "MAINT");
	else
		state_of_service(s, admin & SRV_ADM_ANY_DRAIN, text, size);
}

const char *server_read_maxconn(struct str text, uint32_t *n)
{
	bool minus = text.len && text.ptr[0] == '-';
	size_t at = minus || (text.len && text.ptr[0] == '+') ? 1 : 0, first = at;
	uint32_t value = 0;

	if (!text.len)
		return "Require <maxconn>.";
	for (; at < text.len && text.ptr[at] >= '0' && text.ptr[at] <= '9'; at++)
		value = value * 10 + (uint32_t)(text.ptr[at] - '0');
	if (at == first)
		return "maxconn string empty or preceded by garbage";
	if (at < text.len)
		return "Trailing garbage in maxconn string";
	*n = minus ? 0 - value : value;
	return NULL;
}
