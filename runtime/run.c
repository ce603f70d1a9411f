/* SPDX-License-Identifier: Apache-2.0
 *
 * Running plans, step by step, or band by band where steps go together
 * (runtime/bands.h).
 */
#include "ir/op/ref.h"
#include "runtime/bands.h"
#include "runtime/conv.h"

struct run {
	const struct brn_plan *p;
	const struct brn_net *m;
	const struct brn_native *native;
	struct brn_threads *threads;
	int profile;
	const struct brn_band *band;    /* NULL: all tiles */
};

static float *
data_of(const struct run *r, const struct brn_tensor *v)
{
	return r->band ? brn_band_data(v, r->band) : v->data;
}

static void
run_layer(const struct run *r, const struct brn_step *s)
{
	const struct brn_node *n = s->node;
	struct brn_type type = r->p->shapes->type[n->in[0]->id];
	struct brn_layer_run l = {
		.layer = &r->m->layer[s->layer],
		.native = r->native,
		.threads = r->threads,
		.x = data_of(r, s->in[0]),
		.y = data_of(r, s->out),
		.residual = n->nin > 3 && s->in[3] ? data_of(r, s->in[3]) :
		    NULL,
		.x_tiles = n->in[0]->tiles,
		.y_tiles = n->tiles,
		.xt = r->p->xt,
		.yt = r->p->yt,
		.has_xt = s->has_xt,
	};

	if (r->band)
		type = brn_band_type(&type, r->band);
	l.tiles = brn_tiles_of(&type);
	if (l.tiles.n)
		brn_layer_run(&l);
}

static void
run_conv(const struct run *r, const struct brn_step *s)
{
	const struct brn_node *n = s->node;
	struct brn_conv_run c = {
		.layer = &r->m->layer[s->layer],
		.native = r->native,
		.threads = r->threads,
		.x = s->in[0]->data,
		.y = s->out->data,
		.residual = n->nin > 3 && s->in[3] ? s->in[3]->data : NULL,
		.phases = r->p->xt,
		.scratch = r->p->scratch,
		.scratch_size = r->p->scratch_size,
	};

	brn_conv_run(&c, &s->in[0]->type);
}

static struct brn_tiled
tiled_args(const struct run *r, const struct brn_step *s)
{
	struct brn_tiled a = {
		.n = s->node,
		.in = s->in,
		.out = s->out,
		.threads = r->threads,
		.scratch = r->p->scratch,
		.scratch_size = r->p->scratch_size,
	};

	brn_plan_types(r->p, s->node, a.type);
	return a;
}

static void
run_tiled(const struct run *r, const struct brn_step *s)
{
	struct brn_tiled a = tiled_args(r, s);
	struct brn_tensor val[BRN_MAX_RANK], out = *s->out;
	const struct brn_tensor *in[BRN_MAX_RANK];
	struct brn_type type[BRN_MAX_RANK];

	if (r->band) {
		a.batch0 = r->band->from / brn_tiles_of(a.type[0]).per;
		for (int i = 0; i < s->node->nin; i++) {
			in[i] = s->in[i];
			if (!in[i] || !s->node->in[i]->tiles)
				continue;
			val[i] = *in[i];
			val[i].data = data_of(r, in[i]);
			type[i] = brn_band_type(a.type[i], r->band);
			in[i] = &val[i];
			a.type[i] = &type[i];
		}
		out.data = data_of(r, s->out);
		a.in = in;
		a.out = &out;
	}
	r->native->tiled[s->node->op](&a);
}

/* By whichever of its forms there is; its name into s.  */
static int
run_step(const struct run *r, struct brn_step *s, burin_error *err)
{
	const struct brn_native *native = r->native;
	enum brn_op op = s->node->op;
	struct brn_tiled a;

	if (s->layer >= 0) {
		s->info.kernel = r->m->layer[s->layer].kernel->name;
		if (brn_is_image_layer(s->node))
			run_conv(r, s);
		else
			run_layer(r, s);
		return 0;
	}
	if (brn_ops[op].flags & BRN_ALIAS) {
		s->out->data = s->in[0]->data;
		s->info.kernel = "alias";
		return 0;
	}
	if (native->tiled[op] && (s->node->tiles || s->node->in[0]->tiles)) {
		s->info.kernel = "tiles";
		run_tiled(r, s);
		return 0;
	}
	if (native->image[op]) {
		a = tiled_args(r, s);
		s->info.kernel = "native";
		if (native->image[op](&a) == 0)
			return 0;
	}
	if (native->op[op] &&
	    native->op[op](s->node, s->in, s->out, r->threads) == 0) {
		s->info.kernel = "native";
		return 0;
	}
	s->info.kernel = "ref";
	return brn_ref[op](s->node, s->in, s->out, err);
}

/* Steps first to last; those of bands count as one call each.  */
static int
run_steps(const struct run *r, int first, int last, burin_error *err)
{
	for (int i = first; i <= last; i++) {
		struct brn_step *s = &r->p->step[i];
		double t0 = r->profile ? brn_now_ms() : 0;
		int rc = run_step(r, s, err);

		if (rc < 0)
			return rc;
		if (r->profile) {
			s->info.ms += brn_now_ms() - t0;
			s->info.calls += !r->band || r->band->from == 0;
		}
	}
	return 0;
}

static int
run_bands(struct run *r, const struct brn_bands *b, burin_error *err)
{
	struct brn_band band = { .n = b->n };
	int rc = 0;

	r->band = &band;
	for (; band.from < b->n && rc == 0; band.from = band.to) {
		band.to = band.from + b->step < b->n ? band.from + b->step :
		    b->n;
		rc = run_steps(r, b->first, b->last, err);
	}
	r->band = NULL;
	return rc;
}

int
brn_plan_run(struct brn_plan *p, const struct brn_net *m,
    struct brn_threads *t, int profile, burin_error *err)
{
	struct run r = { p, m, brn_native(m->target.isa), t, profile, NULL };
	const struct brn_bands *b = p->bands, *end = p->bands + p->nbands;
	int rc = 0;

	for (int i = 0; i < p->nstep && rc == 0; i++)
		if (b < end && b->first == i) {
			rc = run_bands(&r, b, err);
			i = b++->last;
		} else {
			rc = run_steps(&r, i, i, err);
		}
	return rc;
}
