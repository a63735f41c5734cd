/* The functions that rows of the registry name (struct keyword.parse): each reads the words of one use, reports what is
 * wrong with them and fills the model. True when nothing was wrong. They work on the state of one walk; one thread. */
#ifndef LB_GRAMMAR_CHECK_ROWS_H
#define LB_GRAMMAR_CHECK_ROWS_H

#include "grammar/keyword.h"

typedef bool check_row_fn(const struct keyword_use *use);

/* check_file.c */
check_row_fn check_file, check_dir, check_words_text;
/* check_global.c */
check_row_fn check_global_maxconn, check_global_master_worker, check_global_user, check_global_group, check_global_uid,
	check_global_gid, check_global_external_check, check_global_hostname, check_global_unix_bind, check_global_set_var,
	check_global_default_path, check_global_ssl_options;
/* check_bind.c */
check_row_fn check_bind, check_global_stats_socket, check_bind_mode, check_bind_owner, check_bind_level, check_bind_id,
	check_bind_proto;
/* check_server.c, check_server_words.c */
check_row_fn check_server, check_default_server, check_server_template, check_server_addr, check_server_agent_addr, check_server_proto,
	check_server_id, check_server_init_addr, check_server_observe, check_server_port, check_server_proxy_options,
	check_server_resolve_opts, check_server_two, check_server_sni, check_server_socks4, check_server_source, check_server_usesrc;
/* check_log.c */
check_row_fn check_log;

#endif
