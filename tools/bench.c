/* SPDX-License-Identifier: Apache-2.0
 *
 * burin bench: how long a model takes, as a whole and layer by layer.
 *
 * Latency is measured without the profiler; the times of layers and steps come
 * from runs of their own after that.
 */
#include "tools/bench.h"

#include "tools/cli.h"
#include "tools/feed.h"
#include "tools/load.h"

#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#define WARMUP_MS 200
#define MEASURE_MS 2000
#define MIN_ITERS 20
#define PROFILE_MS 500
#define MIN_PROFILE 3

static int
run_once(struct bench *b, double *ms)
{
	burin_error err;
	double start;

	for (size_t i = 0; i < b->nout; i++)
		b->out[i] = (burin_tensor){
		    .name = burin_model_output(b->model, i)->name };
	start = cli_now_ms();
	if (burin_run(b->session, b->feed.in, b->feed.nin, b->out, b->nout,
	    &err) < 0)
		return cli_status(&err);
	*ms = cli_now_ms() - start;
	return CLI_GO;
}
