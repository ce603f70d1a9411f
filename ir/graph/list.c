/* SPDX-License-Identifier: Apache-2.0
 *
 * Lists of tensors.
 */
#include "ir/graph/list.h"

#include <stdlib.h>
#include <string.h>

struct brn_item *
brn_item_new(const struct brn_type *type)
{
	struct brn_item *i = brn_alloc(1, sizeof *i);
	burin_error err;
	size_t bytes;

	if (!i)
		return NULL;
	i->refs = 1;
	i->t.type = *type;
	if (brn_type_bytes(type, "", &bytes, &err) == 0)
		i->t.data = i->own = brn_alloc_aligned(bytes);
	if (i->own) {
		if (brn_is_list(type))
			*(struct brn_list **)i->own = NULL;
		return i;
	}
	free(i);
	return NULL;
}

struct brn_item *
brn_item_copy(const struct brn_tensor *t)
{
	struct brn_item *i = brn_item_new(&t->type);
	size_t n = (size_t)brn_numel(t) * brn_dtype_size(t->type.dtype);

	if (i && brn_is_list(&t->type))
		*(struct brn_list **)i->own = brn_list_ref(brn_list_of(t));
	else if (i && n)
		memcpy(i->own, t->data, n);
	return i;
}

struct brn_item *
brn_item_wrap(const struct brn_tensor *t, int own)
{
	struct brn_item *i = brn_alloc(1, sizeof *i);

	if (i)
		*i = (struct brn_item){ 1, own ? t->data : NULL, *t };
	else if (own)
		free(t->data);
	return i;
}

void
brn_item_drop(struct brn_item *i)
{
	if (!i || --i->refs)
		return;
	if (i->own && brn_is_list(&i->t.type))
		brn_list_drop(brn_list_of(&i->t));
	free(i->own);
	free(i);
}

struct brn_list *
brn_list_new(void)
{
	struct brn_list *l = brn_alloc(1, sizeof *l);

	if (l)
		l->refs = 1;
	return l;
}

struct brn_list *
brn_list_ref(struct brn_list *l)
{
	l->refs++;
	return l;
}

void
brn_list_drop(struct brn_list *l)
{
	if (!l || --l->refs)
		return;
	for (int i = 0; i < l->n; i++)
		brn_item_drop(l->item[i]);
	free(l->item);
	free(l);
}

int
brn_list_insert(struct brn_list *l, int at, struct brn_item *i)
{
	int room = l->n < l->room ? l->room : l->room < 4 ? 4 : 2 * l->room;
	struct brn_item **item = l->item;

	if (i && room > l->room)
		item = brn_realloc(l->item, (size_t)room, sizeof *item);
	if (!i || !item || room < 0) {
		brn_item_drop(i);
		return -1;
	}
	l->item = item;
	l->room = room;
	memmove(item + at + 1, item + at, (size_t)(l->n - at) * sizeof *item);
	item[at] = i;
	l->n++;
	return 0;
}

struct brn_list *
brn_list_copy(const struct brn_list *l)
{
	struct brn_list *c = brn_list_new();

	for (int i = 0; c && i < l->n; i++) {
		l->item[i]->refs++;
		if (brn_list_insert(c, i, l->item[i]) < 0) {
			brn_list_drop(c);
			return NULL;
		}
	}
	return c;
}
