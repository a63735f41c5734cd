/* Where a message head that the parser has refused is wrong: for `show errors`, in HAProxy's terms. Looks at
 * the bytes anew, so that the parser needs to remember nothing. Pure. */
#ifndef LB_HTTP_H1_FAULT_H
#define LB_HTTP_H1_FAULT_H

#include <stdbool.h>
#include <stdint.h>

struct h1_fault {
	uint32_t pos;      /* of the byte that is wrong; len: none is, more should have come, or less */
	const char *state; /* HAProxy's name and number of what was being read there */
	bool line_done, version_11, has_length;
};

struct h1_fault h1_fault_find(const char *data, uint32_t len, bool response);

#endif
