/* SPDX-License-Identifier: Apache-2.0
 *
 * Reading the text of a graph: what read.c and read_values.c share.
 */
#ifndef BRN_READER_H
#define BRN_READER_H

#include "ir/graph/graph.h"
#include "ir/graph/words.h"

enum { BRN_MAX_PORTS = 1024 };          /* inputs or outputs */

#define BRN_MAX_VALUES ((size_t)16 << 30)       /* bytes in value files */

struct brn_port {
	int64_t node;
	struct brn_value v;             /* rank -2: no type is given */
};

struct brn_ports {
	int n;
	struct brn_port port[BRN_MAX_PORTS];
};

struct brn_reader {
	struct brn_words w;
	const char *next, *end;         /* the lines to come */
	const char *dir;                /* of value files; may be NULL */
	size_t values_left;             /* bytes */
	int keep;                       /* unsupported nodes */
	struct brn_graph *g;
	struct brn_ports in, out;
};

/* "f32[2,batch]" */
int brn_read_type(struct brn_reader *r, struct brn_type *t);
/* " batch ?1 seq": the symbols in the order of their numbers.  */
int brn_read_symbols(struct brn_reader *r);
/* Skip "[1 2 3]", of which *values is then the inside.  */
int brn_skip_values(struct brn_reader *r, struct brn_words *values);
/* The data of t, whose type is known, from brn_alloc_aligned.  */
int brn_read_values(struct brn_reader *r, struct brn_words *values,
    struct brn_tensor *t);
/* " {axis=1 perm=1,0}" or nothing.  */
int brn_read_attrs(struct brn_reader *r, struct brn_node *n);

#endif
