/* Files that a configuration names: patterns of ACLs, maps, error pages, SPOE engines. The first byte of the input says what
 * the rest is; it is put into a file without a name, which a small configuration reads. Demands: reading twice finds the same,
 * spans lie in their source, and what is refused says why. One thread. */
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "grammar/load.h"
#include "tests/fuzz/fuzz.h"

#define HEAD "defaults\n mode http\nfrontend f\n bind :1\n"

/* %s is the file. */
static const char *const uses[] = {
	HEAD " acl a path_beg -i -f %s\n acl a path -f %s\n http-request deny if a\n",
	HEAD " acl a src -f %s\n http-request deny if a\n",
	HEAD " acl a dst_port -f %s\n http-request deny if a\n",
	HEAD " acl a path_reg -f %s\n http-request deny if a\n",
	HEAD " acl a path,length -m int -M -f %s\n http-request deny if a\n",
	HEAD " acl a path,hex -m bin -f %s\n http-request deny if a\n",
	HEAD " use_backend %%[path,map_beg(%s)]\n http-request set-header a %%[path,map_str_int(%s,1)]\n",
	HEAD " http-request set-header a %%[src,map_ip_ip(%s)]\n http-request set-header b %%[path,map_regm(%s)]\n",
	HEAD " errorfile 503 %s\n http-request return status 200 content-type a lf-file %s\n",
	HEAD " filter spoe engine e config %s\n http-request send-spoe-group e g\n",
};
enum { USES = sizeof(uses) / sizeof(uses[0]), TEXT_SIZE = 512 };

static void demand_spans(const struct loaded *l)
{
	vec_each (g, &l->diags.list) {
		const struct source *src = sources_get(&l->sources, (*g)->span.source);

		FUZZ_DEMAND(!src || (*g)->span.off + (*g)->span.len <= src->text.len);
		FUZZ_DEMAND((*g)->message.len);
	}
}

static uint32_t read_once(const char *text, bool *good)
{
	struct load_options options = {.compat = 304};
	struct loaded *l = load_text(STR("f.cfg"), str_from(text), &options);
	uint32_t n;

	FUZZ_DEMAND(l);
	n = l->diags.list.n;
	*good = l->model != NULL && !l->diags.errors;
	FUZZ_DEMAND(*good || l->diags.errors);
	demand_spans(l);
	loaded_free(&l);
	return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char path[32], text[TEXT_SIZE];
	bool good, again;
	uint32_t n;
	int fd;

	if (!size || size > 65536)
		return 0;
	fd = memfd_create("input", 0);
	FUZZ_DEMAND(fd >= 0);
	FUZZ_DEMAND(write(fd, data + 1, size - 1) == (ssize_t)(size - 1));
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	snprintf(text, sizeof(text), uses[data[0] % USES], path, path);
	n = read_once(text, &good);
	FUZZ_DEMAND(read_once(text, &again) == n && again == good);
	close(fd);
	return 0;
}
