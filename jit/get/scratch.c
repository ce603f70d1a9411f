/* SPDX-License-Identifier: Apache-2.0
 *
 * The first place that has a private directory and space.
 */
#include "jit/get/scratch.h"

#include <stdlib.h>

#define MIN_FREE_BYTES (1 << 20)

static int
open_in(const char *place, struct brn_store **out, burin_error *err)
{
	struct brn_store *s;
	int rc = brn_store_open_scratch(place, &s, err);

	if (rc < 0)
		return rc;
	if (brn_store_has_room(s, MIN_FREE_BYTES)) {
		*out = s;
		return BURIN_OK;
	}
	brn_store_close_scratch(s);
	return brn_fail(err, BURIN_ECACHE, "%s: no space left", place);
}

int
brn_scratch_open(struct brn_store **out, burin_error *err)
{
	const char *place[] = { secure_getenv("TMPDIR"), "/tmp", "/dev/shm",
	    "/var/tmp" };
	int rc = BURIN_ECACHE;

	for (int i = 0; i < BRN_COUNT(place) && rc < 0; i++)
		if (place[i] && place[i][0] == '/')
			rc = open_in(place[i], out, err);
	return rc;
}
