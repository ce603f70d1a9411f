/* SPDX-License-Identifier: Apache-2.0
 *
 * Faults, names and types that all parts of the importer ask for.
 */
#include "ir/onnx/state.h"

#include "ir/onnx/onnx.pb-c.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

int
brn_onnx_bad(const struct brn_onnx_node *n, const char *fmt, ...)
{
	char what[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(what, sizeof what, fmt, ap);
	va_end(ap);
	return brn_fail(n->im->err, BURIN_EFORMAT, "%s: node '%s' (%s): %s",
	    n->im->src.file, n->name, n->np->op_type, what);
}

int
brn_onnx_unsupported(struct brn_onnx_node *n, const char *fmt, ...)
{
	char what[512];
	va_list ap;

	if (n->why)
		return 0;
	va_start(ap, fmt);
	vsnprintf(what, sizeof what, fmt, ap);
	va_end(ap);
	n->why = brn_arena_strdup(n->im->g->arena, what);
	return n->why ? 0 : brn_nomem(n->im->err);
}

int
brn_onnx_is_used(const struct brn_onnx_node *n, size_t k)
{
	const struct brn_onnx_name *v = k < n->np->n_output ?
	    brn_onnx_find(&n->im->names, n->np->output[k]) : NULL;

	return v && v->uses;
}

void
brn_onnx_bind(struct brn_onnx_node *n, size_t k, struct brn_node *v)
{
	struct brn_onnx_name *name = brn_onnx_find(&n->im->names,
	    n->np->output[k]);

	if (name)
		name->node = v;
}

int
brn_onnx_is_default(const char *domain)
{
	return !domain || !*domain || !strcmp(domain, "ai.onnx");
}

int
brn_onnx_opset(const struct Onnx__ModelProto *m, const char *domain)
{
	int dflt = brn_onnx_is_default(domain);

	for (size_t i = 0; i < m->n_opset_import; i++) {
		const struct Onnx__OperatorSetIdProto *o = m->opset_import[i];

		if (dflt ? !brn_onnx_is_default(o->domain) :
		    !o->domain || strcmp(o->domain, domain))
			continue;
		return o->version < 0 ? 0 :
		    o->version > INT_MAX ? INT_MAX : (int)o->version;
	}
	return 0;
}
