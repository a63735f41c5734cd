/* Commands that look into the process (management manual, section 9.3): its variables, threads and libraries.
 * Texts are HAProxy 2.6's as far as there is the same to tell. */
#include <time.h>

#include "runtime/cli/cli_call.h"
#include "runtime/eval/sample.h"

#include <link.h> /* behind ev.h: both name EV_NONE */

/* --- get var */

static const struct var_ref *proc_var(const struct model *m, struct str name)
{
	if (!str_starts(name, STR("proc.")))
		return NULL;
	name = str_tail(name, 5);
	vec_each (v, &m->vars)
		if ((*v)->scope == VAR_PROC && str_eq((*v)->name, name))
			return *v;
	return NULL;
}

static const char *type_name(const struct sample *s)
{
	static const char *const names[SMP_TYPES] = {
		[SMP_BOOL] = "bool", [SMP_SINT] = "sint", [SMP_IPV4] = "ipv4", [SMP_IPV6] = "ipv6",
		[SMP_STR] = "str",   [SMP_BIN] = "bin",   [SMP_METH] = "meth",
	};

	return names[s->type] ? names[s->type] : "any";
}

static bool put_var(struct cli_call *c, struct eval *e, const struct var_ref *ref)
{
	struct sample s;
	const char *type;

	if (!var_get(e, ref, &s))
		return false;
	type = type_name(&s);
	if (s.type == SMP_BOOL)
		s.type = SMP_SINT; /* told as 0 or 1 */
	if (s.type != SMP_BIN && !sample_cast(e, &s, SMP_STR))
		return false;
	out_printf(c->out, "%.*s: type=%s value=<", STR_ARG(c->words[2]), type);
	out_str(c->out, s.str);
	out_puts(c->out, ">");
	return true;
}

void cmd_get_var(struct cli_call *c)
{
	const struct var_ref *ref = proc_var(c->generation->model, c->words[2]);
	struct worker *w = c->worker;
	struct scratch scratch;
	struct eval e = {.engine = c->generation->engines[w->id],
			 .model = c->generation->model,
			 .host = &w->host,
			 .scratch = &scratch,
			 .place = AT(CLI),
			 .now = w->wall,
			 .proc_lock = &c->process->proc_lock,
			 .vars = {[VAR_PROC] = &c->process->proc_vars}};

	if (!c->words[2].len) {
		cli_say(c, CLI_ERR, "Missing process-wide variable identifier.");
		return;
	}
	scratch_init(&scratch, &w->scratch);
	if (!ref || !put_var(c, &e, ref))
		cli_say(c, CLI_ERR, "Variable not found.");
	scratch_reset(&scratch);
}

/* --- show libs */

static int put_library(struct dl_phdr_info *info, size_t size, void *out)
{
	uintptr_t begin = UINTPTR_MAX, end = 0;

	(void)size;
	for (int i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *h = &info->dlpi_phdr[i];
		uintptr_t from = info->dlpi_addr + h->p_vaddr;

		if (h->p_type != PT_LOAD)
			continue;
		begin = from < begin ? from : begin;
		end = from + h->p_memsz > end ? from + h->p_memsz : end;
	}
	if (begin < end && (info->dlpi_name[0] == '/' || !info->dlpi_name[0]))
		out_printf(out, "0x%012llx-0x%012llx (0x%07llx) %s\n", (unsigned long long)begin,
			   (unsigned long long)end - 1, (unsigned long long)(end - begin),
			   info->dlpi_name[0] ? info->dlpi_name : "lbd");
	return 0;
}

void cmd_show_libs(struct cli_call *c)
{
	dl_iterate_phdr(put_library, c->out);
}

/* --- show threads */

static void put_thread(struct worker *w, struct cli_visit *v)
{
	struct timespec cpu = {0};

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &cpu);
	out_printf(&v->text,
		   "%s Thread %-2u: id=0x%llx act=%d jobs=%u loops=%llu accepted=%llu\n"
		   "             cpu_ns: now=%llu\n",
		   w == v->home ? "*" : " ", w->id + 1, (unsigned long long)pthread_self(), w->jobs != 0,
		   w->jobs, (unsigned long long)w->loops, (unsigned long long)w->accepted,
		   (unsigned long long)cpu.tv_sec * 1000000000 + (unsigned long long)cpu.tv_nsec);
}

void cmd_show_threads(struct cli_call *c)
{
	cli_visit(c, &(struct cli_visit){.fn = put_thread});
}
