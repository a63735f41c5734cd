/* Converters about TLS that need no key (manual, section 7.3.1 "x509_v_err_str"). One thread. */
#include <openssl/x509_vfy.h>

#include "runtime/eval/fetch.h"

/* A result of verification to the name of its constant; numbers without one stay numbers. */
bool conv_x509_v_err_str(struct eval *e, const struct arg *args, struct sample *s)
{
	static const struct {
		const char *name;
		int64_t code;
	} names[] = {
		{"X509_V_OK", X509_V_OK},
#define ERROR_NAME(name) {#name, name},
#include "runtime/tls/verify_errors.def"
#undef ERROR_NAME
	};

	(void)args;
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (names[i].code == s->sint)
			return sample_set_str(s, str_from(names[i].name));
	return sample_set_str(s, scratch_printf(e->scratch, "%lld", (long long)s->sint));
}
