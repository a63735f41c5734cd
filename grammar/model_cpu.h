/* Which processors threads run on (manual 3.4, "cpu-set", "cpu-policy", "cpu-affinity"; manual 2.6,
 * "numa-cpu-mapping"). Plain data of the model; runtime/core/cpus.h makes a plan of it. */
#ifndef LB_MODEL_CPU_H
#define LB_MODEL_CPU_H

#include <stdbool.h>
#include <stdint.h>

enum { CPU_NUMBERS = 1024 }; /* processors, nodes, cores ... are numbered from 0 to below this */

enum cpu_policy {
	CPU_POLICY_DEFAULT, /* as the version has it */
	CPU_POLICY_NONE,
	CPU_POLICY_FIRST_NODE,
	CPU_POLICY_CCX, /* groups of `policy_units` of them */
	CPU_POLICY_CLUSTER,
	CPU_POLICY_PERFORMANCE,
	CPU_POLICY_EFFICIENCY,
	CPU_POLICY_RESOURCE,
};
enum cpu_affinity { CPU_AFF_AUTO, CPU_AFF_GROUP, CPU_AFF_CORE, CPU_AFF_THREAD, CPU_AFF_CCX };
enum cpu_unit { CPU_UNIT_CPU, CPU_UNIT_NODE, CPU_UNIT_CLUSTER, CPU_UNIT_CORE, CPU_UNIT_THREAD };

/* drop-... and only-... of cpu-set */
struct cpu_rule {
	struct cpu_rule *next;
	uint8_t unit; /* enum cpu_unit */
	bool only;
	uint64_t set[CPU_NUMBERS / 64];
};

struct cpu_conf {
	uint8_t policy, policy_units, affinity;
	bool one_per_core;      /* threads-per-core 1 */
	bool loose;             /* per-group loose */
	bool reset;             /* cpu-set reset */
	bool numa;              /* numa-cpu-mapping */
	uint32_t group_max;     /* threads of a group; 0: as the version has it */
	struct cpu_rule *rules; /* in order */
};

static inline bool cpu_set_has(const uint64_t *set, uint32_t n)
{
	return n < CPU_NUMBERS && (set[n / 64] >> (n % 64) & 1);
}

#endif
