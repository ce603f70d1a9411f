/* SPDX-License-Identifier: Apache-2.0
 *
 * A graph in parts without refused nodes.
 */
#ifndef BURIN_ORT_SPLIT_H
#define BURIN_ORT_SPLIT_H

#include "hosts/ort/graph.h"

/* part[i] becomes the number of the part that node i is in, from 0; -1 for a
 * refused node.  Every part can become one node: no way from it through others
 * leads back into it.  *nparts: how many.  */
struct OrtStatus *split(const struct graph *g, long *part, long *nparts);

#endif
