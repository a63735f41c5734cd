/* Checks of arguments by row: each reports the first mistake of a call and returns false. Rows are attached to
 * them in sample_checks.c; these are the ones of sample_checks_format.c. One thread. */
#ifndef LB_GRAMMAR_SAMPLE_CHECKS_H
#define LB_GRAMMAR_SAMPLE_CHECKS_H

#include "grammar/sample.h"

/* The last argument is `int` or nothing: json_query, jwt_header_query, jwt_payload_query. */
bool sample_check_output_int(struct sample_call *call);
/* Argument i is base64 or a variable; `what` names it as HAProxy does. */
bool sample_check_secret(struct sample_call *call, uint32_t i, const char *what);
/* ssl_c_s_dn(entry,occurrence,format) and its kin */
bool sample_check_dn(struct sample_call *call);
/* internal.htx_blk.*(block) */
bool sample_check_htx_block(struct sample_call *call);
/* fix_tag_value(tag) */
bool sample_check_fix(struct sample_call *call);
/* protobuf(field,type), ungrpc(field,type) */
bool sample_check_protobuf(struct sample_call *call);
/* mqtt_field_value(packet,field) */
bool sample_check_mqtt(struct sample_call *call);
/* debug(prefix,sink) */
bool sample_check_sink(struct sample_call *call);

#endif
