/* SPDX-License-Identifier: Apache-2.0
 *
 * Where, for elements of any type.
 */
#include <string.h>

#include "runtime/native/broadcast.h"

/* A row: each operand is contiguous or constant.  */
#define WHERE(T) \
	static inline void \
	choose_##T(T *restrict to, const uint8_t *c, const T *x, const T *y, \
	    int64_t sx, int64_t sy, int64_t n) \
	{ \
		for (int64_t i = 0; i < n; i++) { \
			T a = x[i * sx], b = y[i * sy]; \
	\
			to[i] = c[i] ? a : b; \
		} \
	} \
	static void \
	copy_##T(T *restrict to, const T *x, int64_t step, int64_t n) \
	{ \
		if (step) \
			memcpy(to, x, (size_t)n * sizeof *to); \
		else \
			for (int64_t i = 0; i < n; i++) \
				to[i] = *x; \
	} \
	static void \
	row_##T(const struct brn_broadcast *k, T *to, const int64_t at[3], \
	    int64_t n) \
	{ \
		const uint8_t *c = (const uint8_t *)k->x[0].p + at[0]; \
		const T *x = (const T *)k->x[1].p + at[1]; \
		const T *y = (const T *)k->x[2].p + at[2]; \
		int64_t sx = k->x[1].step, sy = k->x[2].step; \
	\
		if (!k->x[0].step) \
			copy_##T(to, *c ? x : y, *c ? sx : sy, n); \
		else if (sx && sy) \
			choose_##T(to, c, x, y, 1, 1, n); \
		else if (sx) \
			choose_##T(to, c, x, y, 1, 0, n); \
		else \
			choose_##T(to, c, x, y, 0, sy, n); \
	} \
	static void \
	where_##T(const struct brn_job *j, int64_t r0, int64_t r1) \
	{ \
		const struct brn_broadcast *k = \
		    (const struct brn_broadcast *)j; \
		T *y = j->out->data; \
		struct brn_place p; \
	\
		if (!k->outer) { \
			for (int i = 0; i < k->n; i++) \
				p.at[i] = r0 * k->x[i].step; \
			row_##T(k, y + r0, p.at, r1 - r0); \
			return; \
		} \
		brn_place_init(&p, k, r0); \
		for (int64_t r = r0; r < r1; r++) { \
			row_##T(k, y + r * j->cols, p.at, j->cols); \
			brn_place_next(&p, k); \
		} \
	}
WHERE(uint8_t) WHERE(uint16_t) WHERE(uint32_t) WHERE(uint64_t)

/* By the size of an element.  */
static brn_job_fn *const where[] = {
	[1] = where_uint8_t, [2] = where_uint16_t, [4] = where_uint32_t,
	[8] = where_uint64_t,
};

int
BRN_FOR_ISA(brn_rows_where)(const struct brn_call *c)
{
	struct brn_broadcast k = { .n = 3, .job = brn_job_of(c,
	    where[brn_dtype_size(c->out->type.dtype)]) };

	for (int i = 0; i < k.n; i++)
		brn_operand_init(&k.x[i], c->in[i], &c->out->type);
	brn_broadcast_run(&k, c->threads);
	return 0;
}
