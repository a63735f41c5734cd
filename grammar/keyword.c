/* The registry's index: names of rows by their joined words, and how many words the longest name with a given
 * first word has, so that a line costs two or three look-ups. Owned by the compilation's arena; read-only once
 * made. */
#include "grammar/keyword.h"
#include "grammar/section.h"

_Static_assert(PLACE_SECTIONS <= PLACE_BIND, "more sections than bits kept for them");

#define AREA(area) extern const struct keyword_area keyword_area_##area;
#include "grammar/keywords/areas.def"
#undef AREA

/* All rows of one name, linked. */
struct index_row {
	const struct keyword *row;
	struct index_row *next;
};

struct index_family {
	uint32_t words; /* of the longest name with this first word */
};

struct keyword_index {
	struct map rows;     /* whole name -> struct index_row */
	struct map families; /* first word -> struct index_family */
};

enum { NAME_MAX_LEN = 96 };

const struct keyword_area *const *keyword_areas(uint32_t *n)
{
#define AREA(area) &keyword_area_##area,
	static const struct keyword_area *const areas[] = {
#include "grammar/keywords/areas.def"
	};
#undef AREA
	*n = sizeof(areas) / sizeof(*areas);
	return areas;
}

const char *keyword_place_name(enum keyword_place place)
{
	static const char *const inner[] = {
		[PLACE_BIND - PLACE_BIND] = "bind line",
		[PLACE_STATS_SOCKET - PLACE_BIND] = "stats socket line",
		[PLACE_SERVER - PLACE_BIND] = "server line",
		[PLACE_DEFAULT_SERVER - PLACE_BIND] = "default-server line",
		[PLACE_TOP - PLACE_BIND] = "top level",
	};

	return place < PLACE_SECTIONS ? section_get(place)->name.ptr
	       : place < PLACE_BIND   ? ""
				      : inner[place - PLACE_BIND];
}

static void index_add(struct arena *a, struct keyword_index *index, const struct keyword *row)
{
	struct str name = str_from(row->name), first = str_sub(name, 0, str_chr(name, ' '));
	struct index_family *family = map_get(&index->families, first);
	struct index_row *entry = ARENA_NEW(a, struct index_row);
	uint32_t words = 1;

	for (size_t i = 0; i < name.len; i++)
		words += name.ptr[i] == ' ';
	if (!family) {
		family = ARENA_NEW(a, struct index_family);
		map_put(a, &index->families, first, family);
	}
	if (family->words < words)
		family->words = words;
	entry->row = row;
	entry->next = map_put(a, &index->rows, name, entry);
}

struct keyword_index *keyword_index_new(struct arena *a)
{
	struct keyword_index *index = ARENA_NEW(a, struct keyword_index);
	uint32_t nareas;
	const struct keyword_area *const *areas = keyword_areas(&nareas);

	for (uint32_t i = 0; i < nareas; i++)
		for (uint32_t j = 0; j < areas[i]->n; j++)
			index_add(a, index, &areas[i]->rows[j]);
	return index;
}

/* The first n words joined by blanks; empty when that is longer than any name. */
static struct str words_join(char *buf, const struct word *words, uint32_t n)
{
	size_t len = 0;

	for (uint32_t i = 0; i < n; i++) {
		struct str w = words[i].text;

		if (w.len > NAME_MAX_LEN - 1 - len)
			return STR_NONE;
		if (i)
			buf[len++] = ' ';
		memcpy(buf + len, w.ptr, w.len);
		len += w.len;
	}
	return str_make(buf, len);
}

/* Among the rows of one name: one of this version before one of another. */
static const struct keyword *row_choose(const struct index_row *row, uint32_t places, int compat)
{
	const struct keyword *other = NULL;

	for (; row; row = row->next) {
		if (!(row->row->in & places))
			continue;
		if (keyword_is_known(row->row, compat))
			return row->row;
		other = row->row;
	}
	return other;
}

const struct keyword *keyword_find(const struct keyword_index *index, const struct word *words, uint32_t n,
				   uint32_t places, int compat, uint32_t *used)
{
	const struct index_family *family = n ? map_get(&index->families, words[0].text) : NULL;
	char buf[NAME_MAX_LEN + 1];

	for (uint32_t i = !family ? 0 : family->words < n ? family->words : n; i > 0; i--) {
		struct str name = words_join(buf, words, i);
		const struct keyword *row = row_choose(map_get(&index->rows, name), places, compat);

		if (row) {
			*used = i;
			return row;
		}
	}
	return NULL;
}
