/* Names that are not told (management manual, `set anon`): a session in anonymized mode shows a keyed hash of
 * 24 bits in place of a name. The same name and key give the same hash, so that who reads can see what belongs
 * together. Any worker. */
#ifndef LB_CLI_CLI_ANON_H
#define LB_CLI_CLI_ANON_H

#include <stdint.h>

#include "grammar/base/str.h"

enum { CLI_ANON_TEXT = 256 };

/* The name, or its hash, in `text` (cut where it does not fit). key: of the session, 0: names are told. Returns text. */
const char *cli_anon(uint32_t key, struct str name, char text[CLI_ANON_TEXT]);

#endif
