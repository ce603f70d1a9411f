/* SPDX-License-Identifier: Apache-2.0
 *
 * The cores that this process may use.
 */
#ifndef BRN_CORES_H
#define BRN_CORES_H

#include <sched.h>

/* How many; at least 1.  */
int brn_cores_count(void);

/* Their numbers into core[most], those of a NUMA node next to each other, in
 * the order of nodes and numbers; how many.  nodes is a folder like
 * /sys/devices/system/node, NULL for that one; without it all are one node.  */
int brn_cores_list(const char *nodes, int *core, int most);

#endif
