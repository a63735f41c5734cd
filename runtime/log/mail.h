/* Mail alerts: what happens to servers, told to mail servers over SMTP (manual, section 3.6 and "email-alert"). */
#ifndef LB_LOG_MAIL_H
#define LB_LOG_MAIL_H

#include "grammar/model.h"

struct process;
struct worker;

/* Mail servers of the process's model. False when memory is out. Main thread, before workers run. */
bool mails_init(struct process *p);
void mails_free(struct process *p);
/* Worker 0. */
void mails_start(struct worker *w);
void mails_stop(struct worker *w);
/* Queues an alert about something of this proxy for all mail servers that it names; nothing happens when it names none
 * or wants only more urgent ones. A queue that is full loses the alert. Never waits for a mail server. Any worker. */
void mail_alert(struct process *p, const struct proxy_conf *px, int level, struct str text);

#endif
