/* Where relative names of files start (manual, global keyword "default-path"). HAProxy changes its folder while
 * it reads a file of configuration; here names get the folder in front, so that nothing depends on when a file
 * is opened. One thread. */
#include "grammar/place.h"

#include "grammar/text.h"

/* What stands before the last slash of a file's name; empty: nothing does. */
static struct str folder_of(struct str name)
{
	size_t end = name.len;

	while (end && name.ptr[end - 1] != '/')
		end--;
	return str_sub(name, 0, end > 1 ? end - 1 : end);
}

static void folder_find(struct compile *c)
{
	struct str folder = folder_of(sources_get(c->sources, c->places.source)->name);

	switch (c->places.policy) {
	case PLACES_CONFIG:
		c->places.folder = folder;
		break;
	case PLACES_PARENT:
		c->places.folder = folder.len ? arena_printf(c->arena, "%.*s/..", STR_ARG(folder)) : STR("..");
		break;
	case PLACES_ORIGIN:
		c->places.folder = c->places.origin;
		break;
	default:
		c->places.folder = STR_NONE;
	}
}

void file_places_set(struct compile *c, uint8_t policy, struct str origin, uint32_t source)
{
	c->places.policy = policy;
	c->places.origin = origin;
	c->places.source = source;
	folder_find(c);
}

void file_places_follow(struct compile *c, uint32_t source)
{
	if (c->places.policy == PLACES_CURRENT || c->places.source == source)
		return;
	c->places.source = source;
	folder_find(c);
}

void file_places_end(struct compile *c)
{
	c->places.policy = PLACES_CURRENT;
	c->places.folder = STR_NONE;
}

struct str base_place(struct arena *a, struct str base, struct str name)
{
	if (!base.len || (name.len && (name.ptr[0] == '/' || name.ptr[0] == '@')))
		return name;
	return arena_printf(a, "%.*s/%.*s", STR_ARG(base), STR_ARG(name));
}

struct str file_place(struct compile *c, struct str name)
{
	if (!c->places.folder.len || !name.len || name.ptr[0] == '/' || name.ptr[0] == '@')
		return name;
	return arena_printf(c->arena, "%.*s/%.*s", STR_ARG(c->places.folder), STR_ARG(name));
}
