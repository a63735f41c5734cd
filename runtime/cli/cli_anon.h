/* Names that are not told (management manual, `set anon`): a session in anonymized mode shows a keyed hash of
 * 24 bits in place of a name. The same name and key give the same hash, so that who reads can see what belongs
 * together. Worker of the session. */
#ifndef LB_CLI_CLI_ANON_H
#define LB_CLI_CLI_ANON_H

#include "grammar/base/str.h"

struct cli_session;

enum { CLI_ANON_TEXT = 256 };

/* The name, or its hash, in `text` (cut where it does not fit). session: or NULL. Returns text. */
const char *cli_anon(const struct cli_session *session, struct str name, char text[CLI_ANON_TEXT]);

#endif
