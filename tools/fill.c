/* SPDX-License-Identifier: Apache-2.0
 *
 * Random numbers come from splitmix64.  A normal number is the sum of twelve
 * uniform ones minus six; without libm it is the same on every machine.
 */
#include "tools/fill.h"

#include "tools/npy.h"

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
	int same = -1;          /* value of all elements; -1: random */

	if (mode != FILL_random)
		same = mode == FILL_ones;
	else if (has(t->name, "mask"))
		same = 1;
	else if (has(t->name, "type") || has(t->name, "segment"))
		same = 0;
	for (size_t i = 0; i < n; i++)
		if (same >= 0)
			npy_set(t, i, same);
		else if (npy_is_float(t->dtype))
			npy_set(t, i, (double)normal(&seed));
		else
			npy_set(t, i, (double)(next(&seed) %
			    (t->dtype == BURIN_BOOL ? 2 : MAX_ID)));
}
