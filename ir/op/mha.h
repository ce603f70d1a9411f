/* SPDX-License-Identifier: Apache-2.0
 *
 * What fast code for mha shares with its ref.
 */
#ifndef BRN_OP_MHA_H
#define BRN_OP_MHA_H

#include "ir/graph/graph.h"

/* New tokens in keys or values k.  */
static inline int64_t
brn_mha_new(const struct brn_tensor *k)
{
	return k->type.dim[k->type.rank == 4 ? 2 : 1];
}

/* Tokens of the past of sequence b.  With input 6, the place of the last token
 * of each sequence, those that leave the new tokens at the end of it: none for
 * a prompt, which may be padded on the right, as no token sees what is behind
 * it.  Then past may be a buffer with room for more.  */
int64_t brn_mha_past(const struct brn_node *n,
    const struct brn_tensor *const *in, int64_t b);
/* Input 6 lies within the past, the new tokens and the mask.  ESHAPE.  */
int brn_mha_check(const struct brn_node *n,
    const struct brn_tensor *const *in, burin_error *err);
/* brn_mha_check, and a present of room tokens has room for all.  */
int brn_mha_check_room(const struct brn_node *n,
    const struct brn_tensor *const *in, int64_t room, burin_error *err);

/* Keys that a query sees, on both sides of its own place; -1: all.  */
struct brn_mha_window {
	int64_t left, right;
};
/* The window of n, causal or not.  */
struct brn_mha_window brn_mha_window_of(const struct brn_node *n);

/* The first key that the query at place sees.  */
static inline int64_t
brn_mha_first(const struct brn_mha_window *w, int64_t place)
{
	return w->left >= 0 && w->left < place ? place - w->left : 0;
}

/* How many of keys keys are not beyond what the query at place sees.  */
static inline int64_t
brn_mha_end(const struct brn_mha_window *w, int64_t place, int64_t keys)
{
	return w->right >= 0 && w->right < keys - place - 1 ?
	    place + w->right + 1 : keys;
}

#endif
