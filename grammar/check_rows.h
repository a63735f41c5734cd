/* The functions that rows of the registry name (struct keyword.parse): each reads the words of one use, reports
 * what is wrong with them and fills the model. True when nothing was wrong. They work on the state of one walk;
 * one thread. */
#ifndef LB_GRAMMAR_CHECK_ROWS_H
#define LB_GRAMMAR_CHECK_ROWS_H

#include "grammar/keyword.h"

typedef bool check_row_fn(const struct keyword_use *use);

/* check_case.c */
check_row_fn check_h1_case, check_h1_case_file;
/* check_file.c */
check_row_fn check_file, check_dir, check_words_text;
/* check_global.c */
check_row_fn check_global_maxconn, check_global_master_worker, check_global_user, check_global_group,
	check_global_uid, check_global_gid, check_global_external_check, check_global_hostname,
	check_global_bufsize, check_global_unix_bind, check_global_set_var, check_global_default_path,
	check_global_ssl_options, check_global_experimental, check_global_extra_files, check_global_lua;
/* check_bind.c */
check_row_fn check_bind, check_global_stats_socket, check_bind_mode, check_bind_owner, check_bind_level,
	check_bind_id, check_bind_proto, check_bind_mss, check_bind_process, check_bind_threads,
	check_bind_shards, check_bind_ignore, check_bind_namespace, check_guid_prefix, check_guid;
/* check_tls.c */
check_row_fn check_tls_certificate, check_tls_authority, check_tls_base, check_tls_strict, check_tls_force;
/* check_crt_store.c */
check_row_fn check_crt_store_base, check_crt_store_load, check_ssl_f_use, check_ssl_provider,
	check_ssl_passphrase_cmd;
void check_tls_default_option(const struct keyword_use *use, uint32_t choice, uint32_t version);
/* check_server.c, check_server_words.c */
check_row_fn check_server, check_default_server, check_server_template, check_server_addr,
	check_server_agent_addr, check_server_proto, check_server_id, check_server_init_addr, check_server_namespace, check_server_pool_name,
	check_server_observe, check_server_port, check_server_proxy_options, check_server_proxy_ssl,
	check_server_tlv, check_server_resolve_opts, check_server_two, check_server_sni, check_server_socks4,
	check_server_source, check_server_usesrc, check_server_resolve_net, check_server_redir,
	check_server_no_check_ssl;
/* check_log.c, check_finish.c */
check_row_fn check_log, check_log_format, check_log_format_sd, check_error_log_format;
/* check_option.c, check_health.c */
check_row_fn check_healthcheck_type, check_server_healthcheck;
check_row_fn check_option, check_option_args, check_httpchk, check_http_check, check_http_check_var,
	check_tcp_check, check_tcp_check_var;
/* check_balance.c, check_cookie.c */
check_row_fn check_balance, check_hash_type, check_balance_factor, check_mode, check_fullconn, check_retry_on,
	check_proxy_id, check_source, check_dispatch, check_send_name_header, check_cookie, check_persist,
	check_persist_rule;
/* check_rules.c */
check_row_fn check_acl, check_rule, check_quic_initial, check_redirect, check_use_backend, check_use_server, check_default_backend,
	check_monitor_fail, check_capture_cookie, check_capture_header, check_declare_capture,
	check_unique_id_format;
/* check_reply.c */
check_row_fn check_errorfile, check_errorloc, check_http_error, check_errorfiles;
/* check_stats.c */
check_row_fn check_stats_enable, check_stats_auth, check_stats_scope, check_stats_node, check_stats_desc,
	check_stats_admin, check_stats_rule;
/* check_stick.c */
/* check_cookie.c */
check_row_fn check_state_file_name;
/* check_peers.c */
check_row_fn check_peers_peer, check_peers_bind, check_peers_disabled;
check_row_fn check_peers_table, check_stick_table, check_stick, check_compression, check_use_fcgi;
/* check_filter.c */
check_row_fn check_filter;
/* check_profile.c */
check_row_fn check_profile_tag, check_profile_on, check_log_steps;
/* check_other.c */
check_row_fn check_user, check_group, check_nameserver, check_hold, check_dns_families, check_bind_elsewhere,
	check_default_server_elsewhere, check_log_elsewhere;
/* check_mail.c */
check_row_fn check_mailer, check_email, check_email_level;
/* check_forward.c */
/* check_other.c */
check_row_fn check_trace;
check_row_fn check_forward_bind, check_forward_dgram, check_forward_host;
/* check_ring.c */
check_row_fn check_ring_size, check_ring_server, check_ring_description, check_ring_format, check_ring_maxlen,
	check_ring_timeout, check_ring_file;
/* check_cpu.c */
check_row_fn check_cpu_affinity, check_cpu_policy, check_cpu_set;
/* check_cpu_map.c, check_program.c */
check_row_fn check_cpu_map, check_dh_param, check_program_command, check_program_user, check_program_group, check_program_start;
/* check_filter.c */
check_row_fn check_filter_sequence;
/* check_limits.c */
check_row_fn check_status_codes;
/* check_other_rows.c */
check_row_fn check_vars_size, check_node, check_process_vary, check_multi_queue,
	check_stats_process, check_thread_group, check_thread_groups, check_client_resolvers,
	check_spread_time;
/* check_cache.c */
check_row_fn check_cache_size, check_cache_object, check_cache_age, check_cache_variants;
/* check_fcgi.c */
check_row_fn check_fcgi_docroot, check_fcgi_path_info, check_fcgi_index, check_fcgi_max_reqs, check_fcgi_mpxs,
	check_fcgi_get_values, check_fcgi_acl, check_fcgi_pass_header, check_fcgi_set_param;

#endif
