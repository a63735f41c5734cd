/* The tables behind diagnostics: codes and classes with their names and summaries. Constant, any thread. */
#include "grammar/diag.h"

static const struct diag_code_info codes[D_COUNT] = {
#define DIAG(name, num, sev, cls, read, sum)                                                                   \
	[D_##name] = {.readable = read, .summary = sum, .number = num, .severity = sev, .class = DC_##cls},
#include "grammar/diag_codes.def"
#undef DIAG
};

static const struct diag_class_info classes[DC_COUNT] = {
#define DIAG_CLASS(name, read, on, sum) [DC_##name] = {.readable = read, .summary = sum, .on_by_default = on},
#include "grammar/diag_classes.def"
#undef DIAG_CLASS
};

const struct diag_code_info *diag_code_info(enum diag_code code)
{
	return &codes[code];
}

const struct diag_class_info *diag_class_info(enum diag_class class)
{
	return &classes[class];
}
