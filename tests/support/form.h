/* SPDX-License-Identifier: Apache-2.0
 *
 * Run one node by its form, as a step of a plan does.
 */
#ifndef FORM_H
#define FORM_H

#include <string.h>

#include "runtime/forms.h"
#include "tests/support/suite.h"

/* The form of c without its ref; NULL: that would run.  */
static inline const struct brn_form *
form_of(enum brn_isa isa, const struct brn_call *c)
{
	const struct brn_form *f = brn_form_find(isa, c);

	return f && strcmp(f->word, "ref") ? f : NULL;
}

/* n floats, none of them a number.  */
static inline float *
form_room(int64_t n)
{
	size_t size = (size_t)(n + 16) / 16 * 64;

	return memset(aligned_alloc(64, size), 0xff, size);
}

/* Run f; room and native are added to *c.  */
static inline int
form_run(enum brn_isa isa, const struct brn_form *f, struct brn_call *c)
{
	struct brn_room room = f->room(c);
	int rc;

	room.thread = (room.thread + 15) / 16 * 16;
	c->native = brn_native(isa);
	c->scratch_size = room.thread;
	c->shared = form_room(room.shared);
	c->scratch = form_room(room.thread * brn_threads_count(c->threads));
	rc = f->run(c);
	free(c->shared);
	free(c->scratch);
	return rc;
}

/* The same for a node whose operands are in rows: 0, an error, or FORM_NONE:
 * its ref would run.  Fills the result with a pattern first.  */
enum { FORM_NONE = 1, FORM_INPUTS = 9 };
static inline int
form_try(enum brn_isa isa, const struct brn_node *n,
    const struct brn_tensor *const *in, struct brn_tensor *out,
    struct brn_threads *t)
{
	const struct brn_type *type[FORM_INPUTS] = { NULL };
	burin_error err;
	struct brn_call c = { .n = n, .in = in, .out = out, .type = type,
	    .threads = t, .err = &err };
	const struct brn_form *f;

	ck_assert_int_le(n->nin, FORM_INPUTS);
	for (int i = 0; i < n->nin; i++)
		type[i] = in[i] ? &in[i]->type : NULL;
	if (!(f = form_of(isa, &c)))
		return FORM_NONE;
	memset(out->data, 0x55, (size_t)brn_numel(out) *
	    brn_dtype_size(out->type.dtype));
	return form_run(isa, f, &c);
}

#endif
