/* Anonymized mode of the control socket (management manual, section 9.3: `set anon`, `show anon`). */
#include <stdio.h>
#include <sys/random.h>

#include "runtime/cli/cli_anon.h"
#include "runtime/cli/cli_call.h"

/* FNV-1a over key and name, folded to 24 bits. */
static uint32_t name_hash(uint32_t key, struct str name)
{
	uint64_t h = 0xcbf29ce484222325ULL ^ key;

	h *= 0x100000001b3ULL;
	for (size_t i = 0; i < name.len; i++)
		h = (h ^ (unsigned char)name.ptr[i]) * 0x100000001b3ULL;
	return (uint32_t)(h ^ h >> 24 ^ h >> 48) & 0xffffff;
}

const char *cli_anon(uint32_t key, struct str name, char text[CLI_ANON_TEXT])
{
	if (key)
		snprintf(text, CLI_ANON_TEXT, "%06x", name_hash(key, name));
	else
		snprintf(text, CLI_ANON_TEXT, "%.*s",
			 (int)(name.len < CLI_ANON_TEXT ? name.len : CLI_ANON_TEXT - 1),
			 name.ptr ? name.ptr : "");
	return text;
}

static bool key_parse(struct cli_call *c, uint32_t i, uint32_t *key)
{
	uint64_t n;

	if (!str_to_u64(c->words[i], &n) || n > UINT32_MAX) {
		cli_say(c, CLI_ERR, "The key must be a number between 0 and %u.", UINT32_MAX);
		return false;
	}
	*key = (uint32_t)n;
	return true;
}

/* With a key: that one. Without: the process's, or a random one. */
void cmd_set_anon_on(struct cli_call *c)
{
	uint32_t key = atomic_load(&c->process->anon_key);

	if (c->words[3].len && !key_parse(c, 3, &key))
		return;
	while (!key)
		if (getrandom(&key, sizeof(key), 0) != sizeof(key))
			key = (uint32_t)worker_random(c->worker);
	c->session->anon_key = key;
}

void cmd_set_anon_off(struct cli_call *c)
{
	c->session->anon_key = 0;
}

void cmd_set_anon_key(struct cli_call *c)
{
	uint32_t key;

	if (!c->words[3].len)
		cli_say(c, CLI_ERR, "The key must be a number between 0 and %u.", UINT32_MAX);
	else if (key_parse(c, 3, &key))
		atomic_store(&c->process->anon_key, key);
}

void cmd_show_anon(struct cli_call *c)
{
	if (c->session->anon_key)
		out_printf(c->out, "Anonymized mode enabled\nKey : %u\n", c->session->anon_key);
	else
		out_puts(c->out, "Anonymized mode disabled\n");
}
