/* SPDX-License-Identifier: Apache-2.0
 *
 * Lists of tensors: the values of sequence types, and the results of a node
 * with bodies, which a result node takes apart.  A tensor whose dtype has the
 * bit BRN_LIST has rank 0 and one element: a pointer to a list.  The other bits
 * are the dtype of what is in it.
 *
 * Lists and their items are counted and never changed once a second one holds
 * them.  They belong to one thread.
 */
#ifndef BRN_LIST_H
#define BRN_LIST_H

#include "ir/graph/tensor.h"

struct brn_item {
	int refs;
	void *own;                      /* freed with the item, or NULL */
	struct brn_tensor t;
};

struct brn_list {
	int refs, n, room;
	struct brn_item **item;
};

/* An item of this type whose data is not set yet.  NULL: no memory.  */
struct brn_item *brn_item_new(const struct brn_type *type);
/* An item with the value of t: a copy, but lists are shared.  NULL: no
 * memory.  */
struct brn_item *brn_item_copy(const struct brn_tensor *t);
/* An item whose data is that of t, which outlives it; data allocated by
 * brn_alloc_aligned is freed with it when own is set.  NULL: no memory, and
 * data is freed.  */
struct brn_item *brn_item_wrap(const struct brn_tensor *t, int own);
void brn_item_drop(struct brn_item *i);                 /* NULL is fine */

struct brn_list *brn_list_new(void);                    /* NULL: no memory */
struct brn_list *brn_list_ref(struct brn_list *l);
void brn_list_drop(struct brn_list *l);                 /* NULL is fine */
/* Put i at place at of [0, n]; takes the reference of i, which may be NULL for
 * no memory.  -1: no memory.  */
int brn_list_insert(struct brn_list *l, int at, struct brn_item *i);
/* A new list with the items of l.  NULL: no memory.  */
struct brn_list *brn_list_copy(const struct brn_list *l);

static inline int
brn_is_list(const struct brn_type *t)
{
	return t->dtype & BRN_LIST;
}

/* The list that is the value of t; NULL: none yet.  */
static inline struct brn_list *
brn_list_of(const struct brn_tensor *t)
{
	return *(struct brn_list *const *)t->data;
}

#endif
