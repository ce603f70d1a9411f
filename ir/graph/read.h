/* SPDX-License-Identifier: Apache-2.0
 *
 * Graphs from the text that brn_graph_print writes.  The text is not trusted.
 */
#ifndef BRN_READ_H
#define BRN_READ_H

#include "ir/graph/graph.h"

/* Whether the bytes begin as such a text does.  */
int brn_graph_is_text(const void *data, size_t size);

/* Read a graph, which brn_graph_verify has passed.  Its types are what the text
 * claims: run inference before they are relied on.  dir is the folder that has
 * values/, NULL for none; name stands in messages.  keep: unsupported nodes are
 * no error.  EFORMAT names the line, EUNSUPPORTED, EIO, ENOMEM.  */
int brn_graph_read(const void *data, size_t size, const char *dir,
    const char *name, int keep, struct brn_graph **out, burin_error *err);

#endif
