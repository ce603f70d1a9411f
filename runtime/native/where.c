/* SPDX-License-Identifier: Apache-2.0
 *
 * Where on f32 and i64.  An operand is as large as the result, or broadcasts
 * along its leading dims, or is one element.  A row has the length of the
 * shortest operand of more than one element, or 1 where all are as large as the
 * result.
 */
#include "runtime/native/job.h"

#define WHERE(name, ctype) \
	static inline void \
	choose_##name(ctype *restrict to, const uint8_t *c, const ctype *x, \
	    const ctype *y, const int64_t step[3], int64_t n) \
	{ \
		for (int64_t i = 0; i < n; i++) \
			to[i] = c[i * step[0]] ? x[i * step[1]] : \
			    y[i * step[2]]; \
	} \
	static void \
	where_##name(const struct brn_job *j, int64_t r0, int64_t r1) \
	{ \
		int64_t n = j->cols > 1 ? j->cols : r1 - r0, size[3], step[3]; \
	\
		for (int i = 0; i < 3; i++) { \
			size[i] = brn_numel(j->in[i]); \
			step[i] = size[i] > 1; \
		} \
		for (int64_t at = r0 * j->cols; at < r1 * j->cols; at += n) { \
			ctype *to = (ctype *)j->out->data + at; \
			const uint8_t *c = (const uint8_t *)j->in[0]->data + \
			    at % size[0]; \
			const ctype *x = (const ctype *)j->in[1]->data + \
			    at % size[1]; \
			const ctype *y = (const ctype *)j->in[2]->data + \
			    at % size[2]; \
	\
			if (step[0] && step[1] && step[2]) \
				choose_##name(to, c, x, y, (int64_t[]){ 1, 1, \
				    1 }, n); \
			else if (step[0] && step[1]) \
				choose_##name(to, c, x, y, (int64_t[]){ 1, 1, \
				    0 }, n); \
			else if (step[0] && step[2]) \
				choose_##name(to, c, x, y, (int64_t[]){ 1, 0, \
				    1 }, n); \
			else \
				choose_##name(to, c, x, y, step, n); \
		} \
	}
WHERE(f32, float)
WHERE(i64, int64_t)

/* Does t broadcast along leading dims of out only?  */
static int
is_suffix(const struct brn_type *t, const struct brn_type *out)
{
	int d = 1, most = t->rank < out->rank ? t->rank : out->rank;

	while (d <= most && t->dim[t->rank - d] == out->dim[out->rank - d])
		d++;
	for (; d <= t->rank; d++)
		if (t->dim[t->rank - d] != 1)
			return 0;
	return 1;
}

int
BRN_FOR_ISA(brn_takes_where)(const struct brn_call *c)
{
	int dtype = c->out->type.dtype;

	for (int i = 0; i < 3; i++)
		if (brn_numel(c->in[i]) != 1 &&
		    !is_suffix(&c->in[i]->type, &c->out->type))
			return 0;
	return dtype == BURIN_F32 || dtype == BURIN_I64;
}

int
BRN_FOR_ISA(brn_rows_where)(const struct brn_call *c)
{
	int64_t all = brn_numel(c->out);
	struct brn_job j = brn_job_of(c, brn_is_f32(c->out) ? where_f32 :
	    where_i64);

	j.cols = all;
	for (int i = 0; i < 3; i++) {
		int64_t size = brn_numel(c->in[i]);

		if (size > 1 && size < j.cols)
			j.cols = size;
	}
	if (j.cols == all)
		j.cols = 1;
	j.rows = all / j.cols;
	return brn_job_run(&j, c->threads);
}
