/* A proxy in a thread of its own, out of a model made by hand: one `listen` of mode tcp in front of one server, which the test plays itself with
 * blocking sockets. What belongs to other areas (rules, balancing, checks, logs) is played by small stand-ins in rig.c. */
#ifndef LB_TESTS_RIG_H
#define LB_TESTS_RIG_H

#include <check.h>
#include <pthread.h>

#include "runtime/backend/server.h"
#include "runtime/core/process.h"
#include "runtime/net/listener.h"

struct rig {
	struct model *model;
	struct proxy_conf *px;
	struct server_conf *server;
	struct process *process;
	pthread_t thread;
	int origin;	      /* listening: the server */
	uint16_t port;	      /* of the proxy */
	uint32_t nworkers;
};

/* The records of finished streams, in order. */
struct rig_log {
	pthread_mutex_t lock;
	struct log_record records[64];
	uint32_t n;
};

/* Everything but the process: the model may still be changed. */
void rig_init(struct rig *r);
/* Opens the listener and runs the workers. */
void rig_start(struct rig *r);
/* Soft stop, and waits until the process has ended. */
void rig_stop(struct rig *r);
void rig_free(struct rig *r);

int rig_connect(struct rig *r);
int rig_accept(struct rig *r);
void rig_send(int fd, const void *data, size_t len);
/* Reads exactly `len` bytes. */
void rig_expect(int fd, const void *data, size_t len);
/* The peer has ended, in order or with a reset. */
void rig_expect_end(int fd);
void rig_expect_reset(int fd);
void rig_reset(int fd);
/* Waits for the n-th record, counted from 0. */
struct log_record rig_record(struct rig *r, uint32_t n);
/* How many there are by now. */
uint32_t rig_records(void);
/* The letters of the n-th record. */
#define rig_expect_letters(r, n, letters)                                                                          \
	do {                                                                                                       \
		struct log_record got = rig_record(r, n);                                                          \
		ck_assert_int_eq(got.cause, (letters)[0]);                                                         \
		ck_assert_int_eq(got.state, (letters)[1]);                                                         \
	} while (0)

/* Stand-in rules: action of rule.action with rule.num bytes at least wanted of the sender. */
enum rig_action { RIG_ACCEPT = 1, RIG_REJECT, RIG_CONTINUE };

#endif
