/* SPDX-License-Identifier: Apache-2.0
 *
 * A step of a plan: a node, and how it runs, which is decided when the plan is
 * made.
 */
#ifndef BRN_STEP_H
#define BRN_STEP_H

#include "runtime/layer.h"

struct brn_net;
struct brn_plan;

/* The bodies of a step: for each its net and its plans, latest first.  */
struct brn_inside {
	struct brn_net *const *net;
	struct brn_plan **plan;         /* [node->nbody] */
};

struct brn_step {
	const struct brn_node *node;
	const struct brn_tensor **in;   /* [node->nin], values of the plan */
	struct brn_tensor *out;
	const struct brn_type **type;   /* [node->nin], in rows */
	const struct brn_type *out_type;        /* in rows */
	const struct brn_layer *layer;  /* or NULL */
	const struct brn_form *form;    /* never NULL */
	struct brn_room room;           /* what form needs */
	int x_is_packed;                /* brn_call's, like the next */
	int64_t past_room[2];
	struct brn_inside inside;
	burin_step_info info;
};

/* What the form of s is called with, but for what a run has: threads, room,
 * native, err.  */
static inline struct brn_call
brn_step_call(const struct brn_step *s)
{
	return (struct brn_call){
		.n = s->node,
		.in = s->in,
		.out = s->out,
		.type = s->type,
		.layer = s->layer,
		.x_is_packed = s->x_is_packed,
		.past_room = { s->past_room[0], s->past_room[1] },
	};
}

#endif
