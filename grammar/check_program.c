/* Program sections: what a master process starts beside its worker (manual, section 3.7). Works on the state of
 * one walk; one thread. */
#include "grammar/check_file.h"
#include "grammar/check_proxy.h"
#include "grammar/check_rows.h"

void check_program_begin(struct checker *k, struct named_section *named)
{
	struct program_conf *p = ARENA_NEW(k->a, struct program_conf);

	p->name = check_keep(k, named->name ? named->name->text : STR_NONE);
	p->uid = p->gid = -1;
	named->program = p;
	*vec_push(k->a, &k->m->programs) = p;
}

/* Only a master process can start programs; -W makes one, too. */
static void report_no_master(struct checker *k)
{
	struct diag *g;

	if (k->master_worker || k->c->options->master_worker || k->programs_reported)
		return;
	k->programs_reported = true;
	g = diag_add(k->d, D_NEEDS_MASTER, k->named->header->span, "programs need a master process");
	diag_help(k->d, g, "write `master-worker` in the global section, or start with -W");
	diag_haproxy_unplaced(k->d, check_environment(k, g),
			      "Can't use a 'program' section without master worker mode.");
}

bool check_program_command(const struct keyword_use *use)
{
	struct checker *k = use->k;
	struct program_conf *p = k->named->program;

	k->named->sized = true;
	report_no_master(k);
	if (!check_arity(use, 1, CHECK_ANY))
		return false;
	p->argv.n = 0;
	for (uint32_t i = 0; i < use->n; i++)
		*vec_push(k->a, &p->argv) = check_keep(k, use->words[i].text).ptr;
	*vec_push(k->a, &p->argv) = NULL;
	return true;
}

bool check_program_user(const struct keyword_use *use)
{
	struct program_conf *p = use->k->named->program;

	p->user = check_keep(use->k, use->words[0].text);
	return check_owner_user(use->k, &use->words[0], &p->uid);
}

bool check_program_group(const struct keyword_use *use)
{
	struct program_conf *p = use->k->named->program;

	p->group = check_keep(use->k, use->words[0].text);
	return check_owner_group(use->k, &use->words[0], &p->gid);
}

bool check_program_start(const struct keyword_use *use)
{
	use->k->named->program->not_on_reload = use->no;
	return true;
}
