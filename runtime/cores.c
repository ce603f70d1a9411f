/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/cores.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_NODES = 64 };

/* The cores this thread may run on; on a failure, of which a machine with more
 * cores than cpu_set_t has is one, core 0.  */
static void
allowed(cpu_set_t *set)
{
	CPU_ZERO(set);
	if (sched_getaffinity(0, sizeof *set, set) < 0)
		CPU_SET(0, set);
}

int
brn_cores_count(void)
{
	cpu_set_t set;

	allowed(&set);
	return CPU_COUNT(&set);
}

/* Parse "0-3,8,10-11".  */
static void
parse_list(const char *text, cpu_set_t *set)
{
	CPU_ZERO(set);
	while (*text >= '0' && *text <= '9') {
		char *end;
		long from = strtol(text, &end, 10), to = from;

		if (*end == '-')
			to = strtol(end + 1, &end, 10);
		for (; from <= to && from < CPU_SETSIZE; from++)
			CPU_SET((size_t)from, set);
		text = *end == ',' ? end + 1 : end;
	}
}

/* 0: there is no such node, or it has no list.  */
static int
cores_of_node(const char *nodes, int node, cpu_set_t *set)
{
	char path[300], text[4096];
	FILE *f;
	int is_read;

	snprintf(path, sizeof path, "%s/node%d/cpulist", nodes, node);
	f = fopen(path, "re");
	if (!f)
		return 0;
	is_read = fgets(text, sizeof text, f) != NULL;
	fclose(f);
	if (is_read)
		parse_list(text, set);
	return is_read;
}

/* Append the members of set to core[most], which has n.  */
static int
append(const cpu_set_t *set, int *core, int n, int most)
{
	for (size_t i = 0; i < CPU_SETSIZE && n < most; i++)
		if (CPU_ISSET(i, set))
			core[n++] = (int)i;
	return n;
}

int
brn_cores_list(const char *nodes, int *core, int most)
{
	cpu_set_t left, node, here;
	int n = 0;

	nodes = nodes ? nodes : "/sys/devices/system/node";
	allowed(&left);
	for (int i = 0; i < MAX_NODES; i++) {
		if (!cores_of_node(nodes, i, &node))
			continue;
		CPU_AND(&here, &left, &node);
		CPU_XOR(&left, &left, &here);
		n = append(&here, core, n, most);
	}
	return append(&left, core, n, most);
}
