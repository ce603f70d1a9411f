/* SPDX-License-Identifier: Apache-2.0
 *
 * Random numbers.  With a seed a node gives the same ones in each run; without,
 * others each time.  They are not those of another library.
 */
#include "ir/op/op.h"

#include <math.h>
#include <stdatomic.h>

/* ---- a generator --------------------------------------------------------- */

/* The next number of a generator whose state is *s (splitmix64).  */
static uint64_t
next(uint64_t *s)
{
	uint64_t z = *s += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

static uint64_t
start(const struct brn_node *n)
{
	static atomic_uint_fast64_t calls;
	const struct brn_attr *seed = brn_attr(n, "seed");
	uint32_t bits;
	uint64_t s;

	if (!seed) {
		s = atomic_fetch_add(&calls, 1) + 1;
		return next(&s);
	}
	memcpy(&bits, &seed->f, sizeof bits);
	return bits;
}

/* In [0, 1).  */
static double
uniform(uint64_t *s)
{
	return (double)(next(s) >> 11) * 0x1p-53;
}

static double
normal(uint64_t *s)
{
	double radius = sqrt(-2 * log(1 - uniform(s)));

	return radius * cos(2 * 3.14159265358979323846 * uniform(s));
}

/* ---- types --------------------------------------------------------------- */

static int
dtype_or(const struct brn_infer *c, int dflt)
{
	const struct brn_attr *a = brn_attr(c->n, "dtype");

	return a ? (int)a->i : dflt;
}

static int
infer_given(struct brn_infer *c, struct brn_type *out)
{
	const struct brn_attr *shape = brn_attr(c->n, "shape");

	if (shape->nints > BRN_MAX_RANK)
		return brn_infer_too_many_dims(c);
	*out = (struct brn_type){ dtype_or(c, BURIN_F32), shape->nints,
	    { 0 } };
	for (int d = 0; d < out->rank; d++)
		if ((out->dim[d] = shape->ints[d]) < 0)
			return brn_infer_bad(c, BURIN_ESHAPE,
			    "dimension %d is negative", d);
	return BURIN_OK;
}

static int
infer_like(struct brn_infer *c, struct brn_type *out)
{
	*out = *brn_infer_in(c, 0);
	out->dtype = dtype_or(c, out->dtype);
	return BURIN_OK;
}

/* ---- ops ----------------------------------------------------------------- */

static int
fill_normal(const struct brn_node *n, struct brn_tensor *out)
{
	double mean = (double)brn_attr_float(n, "mean");
	double scale = (double)brn_attr_float(n, "scale");
	uint64_t s = start(n);

	for (int64_t i = 0; i < brn_numel(out); i++)
		brn_set_float(out, i, mean + scale * normal(&s));
	return BURIN_OK;
}

static int
fill_uniform(const struct brn_node *n, struct brn_tensor *out)
{
	double low = (double)brn_attr_float(n, "low");
	double high = (double)brn_attr_float(n, "high");
	uint64_t s = start(n);

	for (int64_t i = 0; i < brn_numel(out); i++)
		brn_set_float(out, i, low + (high - low) * uniform(&s));
	return BURIN_OK;
}

#define RANDOM(name, infer, fill) \
int \
infer_##name(struct brn_infer *c, struct brn_type *out) \
{ \
	return infer(c, out); \
} \
BRN_REF(name) \
{ \
	return fill(n, out); \
}

RANDOM(random_normal, infer_given, fill_normal)
RANDOM(random_normal_like, infer_like, fill_normal)
RANDOM(random_uniform, infer_given, fill_uniform)
RANDOM(random_uniform_like, infer_like, fill_uniform)

int
infer_bernoulli(struct brn_infer *c, struct brn_type *out)
{
	int rc = brn_infer_dtype(c, 0, BRN_SET_F32);

	return rc < 0 ? rc : infer_like(c, out);
}

BRN_REF(bernoulli)
{
	uint64_t s = start(n);

	for (int64_t i = 0; i < brn_numel(out); i++)
		brn_set_int(out, i, uniform(&s) < brn_get_float(in[0], i));
	return BURIN_OK;
}

int
infer_multinomial(struct brn_infer *c, struct brn_type *out)
{
	const struct brn_type *x = brn_infer_in(c, 0);
	int rc = brn_infer_dtype(c, 0, BRN_SET_F32);

	if (rc < 0)
		return rc;
	*out = (struct brn_type){ dtype_or(c, BURIN_I32), 2, { x->dim[0],
	    brn_attr_int(c->n, "sample_size") } };
	return x->rank == 2 && out->dim[1] >= 0 ? BURIN_OK :
	    brn_infer_bad(c, BURIN_ESHAPE, "no matrix, or no samples");
}

/* The class at which the sum of exp(x), from the first on, passes u of all.  */
static int64_t
pick(const float *x, int64_t n, double u)
{
	double most = -INFINITY, sum = 0;
	int64_t k = 0;

	for (int64_t i = 0; i < n; i++)
		most = fmax(most, (double)x[i]);
	for (int64_t i = 0; i < n; i++)
		sum += exp((double)x[i] - most);
	for (u *= sum; k < n - 1; k++)
		if ((u -= exp((double)x[k] - most)) < 0)
			break;
	return k;
}

BRN_REF(multinomial)
{
	int64_t classes = in[0]->type.dim[1], samples = out->type.dim[1];
	uint64_t s = start(n);

	if (!classes && brn_numel(out))
		return brn_ref_bad(n, err, "nothing to choose from");
	for (int64_t i = 0; i < brn_numel(out); i++)
		brn_set_int(out, i, pick((const float *)in[0]->data +
		    i / samples * classes, classes, uniform(&s)));
	return BURIN_OK;
}
