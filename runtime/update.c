/* SPDX-License-Identifier: Apache-2.0
 *
 * New weights for a loaded model.  A new net is made from the file with the
 * options of the old one.  It must equal the old net except for the values of
 * weights, and takes over its kernels.  Each session uses it from its next run
 * on; the old net is freed when no session uses it any more.
 */
#include "ir/onnx/import.h"
#include "ir/graph/compare.h"
#include "runtime/model.h"

/* Takes g.  */
static int
update(struct burin_model *m, struct brn_graph *g, burin_error *err)
{
	struct brn_net *net, *old = brn_model_net(m);
	int rc = brn_net_new(g, &m->options, m->tune, &net, err);

	if (rc == 0 && (rc = brn_graph_same(old->graph, net->graph,
	    err)) < 0)
		brn_net_free(net);
	if (rc < 0) {
		brn_net_free(old);
		return rc;
	}
	for (int i = 0; i < net->nlayer; i++)
		net->layer[i].kernel = brn_jit_ref(old->layer[i].kernel);
	brn_net_free(old);
	pthread_mutex_lock(&m->lock);
	old = m->net;
	m->net = net;
	pthread_mutex_unlock(&m->lock);
	brn_net_free(old);
	return 0;
}

int
burin_model_update(burin_model *m, const char *path, burin_error *err)
{
	burin_error own_err;
	double t0 = brn_now_ms();
	struct brn_graph *g;
	int rc;

	err = err ? err : &own_err;
	if (!m || !path)
		return brn_fail(err, BURIN_EINVAL,
		    "burin_model_update: argument is NULL");
	rc = brn_onnx_import_file(path, m->options.keep, &g, err);
	if (rc < 0)
		return rc;
	brn_budget_limit(g->budget, t0, m->options.max_load_ms,
	    m->options.max_load_work);
	return update(m, g, err);
}
