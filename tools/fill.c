/* SPDX-License-Identifier: Apache-2.0
 *
 * Random numbers are splitmix64's; a normal one is the sum of twelve uniform
 * ones less six, which needs no libm and so is the same everywhere.
 */
#include "tools/fill.h"

#include <stdlib.h>
#include <string.h>

#define MAX_ID 100

const char *const fill_names[FILL_NUM] = { "random", "zeros", "ones" };

static uint64_t
next(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15u;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

static float
normal(uint64_t *state)
{
	int64_t sum = 0;

	/* Each draw gives four of the twelve, 16 bits each.  */
	for (int i = 0; i < 3; i++) {
		uint64_t z = next(state);

		for (int j = 0; j < 64; j += 16)
			sum += (int64_t)(z >> j & 0xffff);
	}
	return (float)(sum - 6 * 0xffff) / 65536.0f;
}

static int
has(const char *name, const char *word)
{
	return name && strcasestr(name, word);
}

static void
put(burin_tensor *t, size_t i, int64_t v)
{
	switch (t->dtype) {
	case BURIN_F32:  ((float *)t->data)[i] = (float)v; break;
	case BURIN_I32:  ((int32_t *)t->data)[i] = (int32_t)v; break;
	case BURIN_I64:  ((int64_t *)t->data)[i] = v; break;
	case BURIN_U16:
	case BURIN_I16:  ((int16_t *)t->data)[i] = (int16_t)v; break;
	case BURIN_U8:
	case BURIN_I8:
	case BURIN_BOOL: ((uint8_t *)t->data)[i] = (uint8_t)v; break;
	}
}

static size_t
num_elements(const burin_tensor *t)
{
	size_t n = 1;

	for (int i = 0; i < t->rank; i++)
		n *= (size_t)t->dims[i];
	return n;
}

void
fill_tensor(burin_tensor *t, enum fill_mode mode, uint64_t seed)
{
	size_t n = num_elements(t);
	int same = -1;          /* the value of all, when not below 0 */

	if (mode != FILL_random)
		same = mode == FILL_ones;
	else if (has(t->name, "mask"))
		same = 1;
	else if (has(t->name, "type") || has(t->name, "segment"))
		same = 0;
	for (size_t i = 0; i < n; i++)
		if (same >= 0)
			put(t, i, same);
		else if (t->dtype == BURIN_F32)
			((float *)t->data)[i] = normal(&seed);
		else
			put(t, i, (int64_t)(next(&seed) %
			    (t->dtype == BURIN_BOOL ? 2 : MAX_ID)));
}
