/* The statistics as a page for people: one self-contained HTML document. Not for other areas. */
#ifndef LB_STATS_STATS_PAGE_H
#define LB_STATS_STATS_PAGE_H

#include "runtime/stats/stats_rows.h"

struct stats_view {
	struct proxy *proxy; /* whose page it is: uri, options */
	struct stats_filter filter;
	bool admin, refresh;
	struct str message; /* result of an admin action: DONE, NONE ..., or empty */
};

void stats_page(struct worker *w, const struct stats_view *view, struct out *out);
/* Text with the five characters of HTML replaced. */
void stats_escape(struct out *out, struct str text);

/* Style sheet and script of the page (stats_page_assets.c). */
extern const char stats_page_style[], stats_page_script[];

#endif
