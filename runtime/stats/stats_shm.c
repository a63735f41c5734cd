/* Counters in memory that processes share (manual 3.4, "shm-stats-file"): what one has counted the next one
 * goes on from, and while an old process finishes its connections both count together. Traffic does not know:
 * each process counts in its own workers and brings the difference here once a second, where it also learns
 * what the others have brought, which worker 0 counts as its own from then on.
 *
 * The file is a head and a table of objects. Every process holds one byte of the head locked (an open file
 * description lock, which the kernel releases however the process ends): its place. Objects have a bit per
 * place; when the last process that uses one leaves in good order it is free, while those of a process that was
 * killed wait for somebody with the same GUID. What the file says is not believed where it could lead out of
 * the mapping. Main thread until workers run, then worker 0, then the main thread again. */
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "grammar/base/out.h"
#include "runtime/core/process.h"
#include "runtime/stats/stats_kept.h"

enum {
	VERSION = 1,
	PLACES = 64,
	GUID_BYTES = 128,
	PERIOD_MS = 1000,
	OBJECTS_MAX = 1 << 20,
	LOCK_TABLE = PLACES
};
static const char magic[8] = "lbdstat";

struct shm_head {
	char magic[8];
	uint32_t version, nobjects;
};

struct shm_object {
	char guid[GUID_BYTES]; /* with a NUL; empty: free */
	uint8_t kind;
	_Atomic uint64_t users; /* bits of places */
	_Atomic uint64_t values[KEPT_MAX];
};

/* An object of this process and what it knows about the shared one. */
struct link {
	struct kept_object own; /* its guid is the model's */
	struct shm_object *shared;
	uint64_t counted[KEPT_MAX]; /* by this process when it was here last, what it learned included */
	uint64_t total[KEPT_MAX];   /* there at that time */
};

struct stats_shm {
	int fd, place;
	uint32_t nobjects, nlinks;
	size_t size;
	struct shm_object *objects;
	void *map;
	struct link *links;
	const struct generation *generation; /* that the links are of */
	uint32_t nproxies, nservers, standstills;
	struct deadline deadline;
};

/* --- locks */

static bool lock(int fd, int type, int byte, bool waits)
{
	struct flock l = {.l_type = (short)type, .l_whence = SEEK_SET, .l_start = byte, .l_len = 1};

	return fcntl(fd, waits ? F_OFD_SETLKW : F_OFD_SETLK, &l) == 0;
}

static bool place_is_taken(const struct stats_shm *m, int place)
{
	struct flock l = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = place, .l_len = 1};

	return place == m->place || (fcntl(m->fd, F_OFD_GETLK, &l) == 0 && l.l_type != F_UNLCK);
}

static uint64_t places_taken(const struct stats_shm *m)
{
	uint64_t bits = 0;

	for (int i = 0; i < PLACES; i++)
		if (place_is_taken(m, i))
			bits |= 1ULL << i;
	return bits;
}

static bool place_take(struct stats_shm *m)
{
	for (m->place = 0; m->place < PLACES; m->place++)
		if (lock(m->fd, F_WRLCK, m->place, false))
			return true;
	return false;
}

/* --- objects */

static struct str object_guid(const struct shm_object *o)
{
	return str_make(o->guid, strnlen(o->guid, sizeof(o->guid)));
}

static void object_init(struct shm_object *o, const struct kept_object *own)
{
	memset(o->guid, 0, sizeof(o->guid));
	memcpy(o->guid, own->guid.ptr, own->guid.len < GUID_BYTES ? own->guid.len : GUID_BYTES - 1);
	o->kind = (uint8_t)own->kind;
	atomic_store(&o->users, 0);
	for (int i = 0; i < KEPT_MAX; i++)
		atomic_store(&o->values[i], 0);
}

/* Free ones first, then those that only processes used that are no more. NULL: there is no room. */
static struct shm_object *object_room(struct stats_shm *m)
{
	uint64_t alive = places_taken(m);

	for (uint32_t i = 0; i < m->nobjects; i++)
		if (!m->objects[i].guid[0])
			return &m->objects[i];
	for (uint32_t i = 0; i < m->nobjects; i++)
		if (!(atomic_load(&m->objects[i].users) & alive))
			return &m->objects[i];
	return NULL;
}

static void links_drop(struct stats_shm *m)
{
	uint64_t alive = places_taken(m), own = 1ULL << m->place;

	for (uint32_t i = 0; i < m->nlinks; i++) {
		struct shm_object *o = m->links[i].shared;

		if (o && !((atomic_fetch_and(&o->users, ~own) & ~own) & alive))
			memset(o->guid, 0, sizeof(o->guid));
	}
	free(m->links);
	m->links = NULL;
	m->nlinks = 0;
}

/* Objects that are there already find their links. */
static void links_match(struct stats_shm *m, const struct kept_list *l, struct link *links)
{
	for (uint32_t i = 0; i < m->nobjects; i++) {
		struct shm_object *o = &m->objects[i];
		const struct kept_object *own =
			o->guid[0] && o->kind < KEPT_KINDS
				? stats_kept_find(l, (enum kept_kind)o->kind, object_guid(o))
				: NULL;

		if (!own)
			continue;
		links[own - l->v].shared = o;
		atomic_fetch_or(&o->users, 1ULL << m->place); /* nobody takes it for one that is left over */
	}
}

/* What older links knew of the same objects; what they still use is taken from them. */
static bool links_go_on(struct stats_shm *m, struct link *links, uint32_t n)
{
	struct link **old = calloc(m->nobjects, sizeof(struct link *));

	for (uint32_t i = 0; old && i < m->nlinks; i++)
		if (m->links[i].shared)
			old[m->links[i].shared - m->objects] = &m->links[i];
	for (uint32_t i = 0; old && i < n; i++) {
		struct link *from = links[i].shared ? old[links[i].shared - m->objects] : NULL;

		if (!from)
			continue;
		from->shared = NULL;
		if (from->own.index != links[i].own.index)
			continue; /* its counters are others now, which know nothing */
		memcpy(links[i].counted, from->counted, sizeof(from->counted));
		memcpy(links[i].total, from->total, sizeof(from->total));
	}
	free(old);
	return old != NULL;
}

static bool object_claim(struct stats_shm *m, struct link *k)
{
	if (!k->shared && (k->shared = object_room(m)))
		object_init(k->shared, &k->own);
	if (k->shared)
		atomic_fetch_or(&k->shared->users, 1ULL << m->place);
	return k->shared != NULL;
}

/* False: there is not room for all. Under the table's lock. */
static bool links_make(struct stats_shm *m, const struct generation *g)
{
	struct kept_list l = stats_kept_list(g);
	struct link *links = calloc(l.n + 1, sizeof(*links));
	bool ok = links != NULL;

	for (uint32_t i = 0; links && i < l.n; i++)
		links[i].own = l.v[i];
	if (links)
		links_match(m, &l, links);
	for (uint32_t i = 0; links && i < l.n; i++)
		ok &= object_claim(m, &links[i]);
	if (links && links_go_on(m, links, l.n)) {
		links_drop(m);
		m->links = links;
		m->nlinks = l.n;
	} else {
		free(links);
		ok = false;
	}
	stats_kept_list_free(&l);
	m->generation = g;
	m->nproxies = g->nproxies;
	m->nservers = g->nservers;
	m->standstills = g->standstills;
	return ok;
}

/* --- figures */

/* Brings what was counted since, and learns what others have brought. Numbers may shrink (`clear counters`):
 * all of it is modulo 2^64. */
static void link_sync(struct process *p, struct link *k)
{
	uint64_t now[KEPT_MAX], learned[KEPT_MAX] = {0};
	uint32_t n = stats_kept(k->own.kind)->n;

	stats_kept_read(p, &k->own, now);
	for (uint32_t i = 0; i < n; i++) {
		uint64_t own = now[i] - k->counted[i], before = k->total[i];
		uint64_t there = atomic_fetch_add(&k->shared->values[i], own);

		learned[i] = there - before;
		k->counted[i] = now[i] + learned[i];
		k->total[i] = there + own;
	}
	stats_kept_add(p->workers[0], &k->own, learned);
}

static void links_sync(struct process *p)
{
	struct stats_shm *m = p->stats_shm;

	for (uint32_t i = 0; i < m->nlinks; i++)
		if (m->links[i].shared)
			link_sync(p, &m->links[i]);
}

static bool has_changed(const struct stats_shm *m, const struct generation *g)
{
	return m->generation != g || m->nproxies != g->nproxies || m->nservers != g->nservers ||
	       m->standstills != g->standstills;
}

void stats_shm_sync(struct process *p)
{
	struct stats_shm *m = p->stats_shm;

	if (!m)
		return;
	if (has_changed(m, p->generation)) {
		lock(m->fd, F_WRLCK, LOCK_TABLE, true);
		links_make(m, p->generation);
		lock(m->fd, F_UNLCK, LOCK_TABLE, true);
	}
	links_sync(p);
}

static void tick(struct worker *w, struct deadline *d)
{
	stats_shm_sync(w->process);
	deadline_set(w, d, w->now + PERIOD_MS);
}

/* --- opening */

/* "/name" and "name" are shm_open's; other paths are files. */
static int file_open(struct str name)
{
	char path[4096];

	if (!name.len || name.len >= sizeof(path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	snprintf(path, sizeof(path), "%.*s", STR_ARG(name));
	if (strchr(path + 1, '/'))
		return open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	return shm_open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
}

static const char *file_prepare(struct stats_shm *m, uint32_t wanted)
{
	struct shm_head head = {.version = VERSION, .nobjects = wanted};
	struct stat st;
	int error;

	memcpy(head.magic, magic, sizeof(magic));
	if (fstat(m->fd, &st))
		return strerror(errno);
	if (st.st_size && (pread(m->fd, &head, sizeof(head), 0) != (ssize_t)sizeof(head) ||
			   memcmp(head.magic, magic, sizeof(magic)) || head.version != VERSION))
		return "it is not such a file, or of another version";
	m->nobjects = head.nobjects;
	m->size = sizeof(head) + sizeof(struct shm_object) * (size_t)m->nobjects;
	if (!m->nobjects || m->nobjects > OBJECTS_MAX || (st.st_size && (size_t)st.st_size != m->size))
		return "its size is wrong";
	/* All its blocks at once, also of one that was made with holes: a full disk is an error here and no
	 * signal later. */
	error = posix_fallocate(m->fd, 0, (off_t)m->size);
	if (error)
		return strerror(error);
	if (!st.st_size && pwrite(m->fd, &head, sizeof(head), 0) != (ssize_t)sizeof(head))
		return strerror(errno);
	return NULL;
}

static const char *file_map(struct stats_shm *m)
{
	m->map = mmap(NULL, m->size, PROT_READ | PROT_WRITE, MAP_SHARED, m->fd, 0);
	if (m->map == MAP_FAILED) {
		m->map = NULL;
		return strerror(errno);
	}
	m->objects = (struct shm_object *)(void *)((char *)m->map + sizeof(struct shm_head));
	return NULL;
}

static const char *attach(struct process *p, struct stats_shm *m)
{
	const struct global_conf *g = &p->generation->model->global;
	const char *why;

	m->fd = file_open(g->shm_stats_file);
	if (m->fd < 0)
		return strerror(errno);
	if (!lock(m->fd, F_WRLCK, LOCK_TABLE, true))
		return strerror(errno);
	why = file_prepare(m, g->shm_stats_objects);
	if (!why)
		why = file_map(m);
	if (!why && !place_take(m))
		why = "too many processes use it";
	if (!why) {
		for (uint32_t i = 0; i < m->nobjects; i++) /* of whoever had this place before */
			atomic_fetch_and(&m->objects[i].users, ~(1ULL << m->place));
		if (!links_make(m, p->generation))
			why = "there is not room for all objects that have a GUID (shm-stats-file-max-objects)";
	}
	lock(m->fd, F_UNLCK, LOCK_TABLE, true);
	return why;
}

bool stats_shm_open(struct process *p, struct out *notes)
{
	struct str name = p->generation->model->global.shm_stats_file;
	const char *why;

	if (!name.len)
		return true;
	p->stats_shm = calloc(1, sizeof(*p->stats_shm));
	if (p->stats_shm)
		p->stats_shm->fd = p->stats_shm->place = -1;
	why = p->stats_shm ? attach(p, p->stats_shm) : strerror(ENOMEM);
	if (!why) {
		links_sync(p);
		return true;
	}
	out_printf(notes, "ALERT config : shm-stats-file '%.*s': %s.\n", STR_ARG(name), why);
	stats_shm_close(p);
	return false;
}

void stats_shm_start(struct worker *w)
{
	struct process *p = w->process;

	if (!p->stats_shm)
		return;
	deadline_init(&p->stats_shm->deadline, tick);
	deadline_set(w, &p->stats_shm->deadline, w->now + PERIOD_MS);
}

void stats_shm_close(struct process *p)
{
	struct stats_shm *m = p->stats_shm;

	if (!m)
		return;
	if (m->links) {
		if (!has_changed(m, p->generation))
			links_sync(p);
		lock(m->fd, F_WRLCK, LOCK_TABLE, true);
		links_drop(m);
		lock(m->fd, F_UNLCK, LOCK_TABLE, true);
	}
	if (m->map)
		munmap(m->map, m->size);
	if (m->fd >= 0)
		close(m->fd);
	free(m);
	p->stats_shm = NULL;
}
