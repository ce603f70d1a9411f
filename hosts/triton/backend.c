/* SPDX-License-Identifier: Apache-2.0
 *
 * The functions that Triton calls.
 */
#include "hosts/triton/execute.h"

#define EXPORT __attribute__((visibility("default")))

EXPORT triton_error *TRITONBACKEND_Initialize(triton_backend *b);
EXPORT triton_error *TRITONBACKEND_ModelInitialize(triton_model *t);
EXPORT triton_error *TRITONBACKEND_ModelFinalize(triton_model *t);
EXPORT triton_error *TRITONBACKEND_ModelInstanceInitialize(triton_instance *t);
EXPORT triton_error *TRITONBACKEND_ModelInstanceFinalize(triton_instance *t);
EXPORT triton_error *TRITONBACKEND_ModelInstanceExecute(triton_instance *t,
    triton_request **requests, uint32_t n);

triton_error *
TRITONBACKEND_Initialize(triton_backend *b)
{
	uint32_t major, minor;

	(void)b;
	TRY(TRITONBACKEND_ApiVersion(&major, &minor));
	if (major != TRITON_MAJOR || minor < TRITON_MINOR)
		return error_of(TRITON_UNSUPPORTED, "burin: the server has "
		    "backend API %u.%u, wanted %d.%d or later", major, minor,
		    TRITON_MAJOR, TRITON_MINOR);
	return NULL;
}

triton_error *
TRITONBACKEND_ModelInitialize(triton_model *t)
{
	struct model *m;
	triton_error *e;

	TRY(model_new(t, &m));
	e = TRITONBACKEND_ModelSetState(t, m);
	if (e)
		model_free(m);
	return e;
}

triton_error *
TRITONBACKEND_ModelFinalize(triton_model *t)
{
	void *m;

	TRY(TRITONBACKEND_ModelState(t, &m));
	model_free(m);
	return NULL;
}

triton_error *
TRITONBACKEND_ModelInstanceInitialize(triton_instance *t)
{
	struct instance *s;
	triton_model *of;
	triton_error *e;
	void *m;

	TRY(TRITONBACKEND_ModelInstanceModel(t, &of));
	TRY(TRITONBACKEND_ModelState(of, &m));
	TRY(instance_new(m, &s));
	e = TRITONBACKEND_ModelInstanceSetState(t, s);
	if (e)
		instance_free(s);
	return e;
}

triton_error *
TRITONBACKEND_ModelInstanceFinalize(triton_instance *t)
{
	void *s;

	TRY(TRITONBACKEND_ModelInstanceState(t, &s));
	instance_free(s);
	return NULL;
}

triton_error *
TRITONBACKEND_ModelInstanceExecute(triton_instance *t,
    triton_request **requests, uint32_t n)
{
	void *s;

	TRY(TRITONBACKEND_ModelInstanceState(t, &s));
	instance_execute(s, t, requests, n);
	return NULL;
}
