/* SPDX-License-Identifier: Apache-2.0
 *
 * BurinExecutionProvider: what ONNX Runtime calls.  The factory is made when
 * the library is registered, a provider for each session.  Nothing is kept
 * outside of them.  A program may unregister the library before its sessions
 * are gone, so a factory lives as long as its providers, and the library is
 * linked to stay in memory (-z nodelete).
 */
#include "hosts/ort/claim.h"
#include "hosts/ort/context.h"
#include "hosts/ort/profile.h"
#include "hosts/ort/run.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXPORT __attribute__((visibility("default")))

/* ORT_VERSION is that of ONNX Runtime 1.24.  */
#define WANTED "burin-ort needs ONNX Runtime 1.24 or later, this is "

struct factory {
	struct OrtEpFactory base;       /* first */
	struct ort_api api;
	atomic_int refs;                /* of its registration and providers */
};

struct provider {
	struct OrtEp base;              /* first */
	const struct ort_api *api;
	struct settings settings;
	struct claims claims;
	struct profile *profile;        /* NULL: this version has none */
};

static const char name[] = "BurinExecutionProvider";

/* ---- the provider -------------------------------------------------------- */

static const char *
provider_name(const struct OrtEp *base)
{
	(void)base;
	return name;
}

/* ONNX Runtime asks for bodies first.  A body is run by who runs its node, so
 * it is left for that.  */
static struct OrtStatus *
get_capability(struct OrtEp *base, const struct OrtGraph *graph,
    struct OrtEpGraphSupportInfo *info)
{
	struct provider *p = (struct provider *)base;
	const struct OrtNode *parent = NULL;
	struct OrtStatus *status;
	bool found = false;
	struct graph g;

	ORT_TRY(p->api->Graph_GetParentNode(graph, &parent));
	if (parent || p->settings.claim == CLAIM_NONE)
		return NULL;
	claims_free(&p->claims);
	status = graph_read(p->api, graph, &g);
	if (!status)
		status = context_claim(&p->claims, &g, info, &found);
	if (!status && g.n && !found)
		status = claims_make(&p->claims, &g, info);
	graph_free(&g);
	return status;
}

/* The model of a claim, by the name of an output.  */
static struct OrtStatus *
take_model(struct provider *p, const struct OrtNode *fused, burin_model **m)
{
	const struct OrtValueInfo **infos;
	const char *output = "";
	struct OrtStatus *status;
	size_t n = 0;

	ORT_TRY(p->api->Node_GetNumOutputs(fused, &n));
	infos = calloc(n + 1, sizeof *infos);
	if (!infos)
		return ort_nomem(p->api);
	status = p->api->Node_GetOutputs(fused, infos, n);
	if (!status && n)
		status = p->api->GetValueInfoName(infos[0], &output);
	free(infos);
	if (status)
		return status;
	*m = claims_take(&p->claims, output);
	return *m ? NULL : p->api->CreateStatus(ORT_FAIL,
	    "burin: asked to compile nodes that it did not claim");
}

/* context: NULL, or where its EPContext node goes.  */
static struct OrtStatus *
compile_one(struct provider *p, struct fused f,
    struct OrtNodeComputeInfo **out, struct OrtNode **context)
{
	struct OrtStatus *status;

	ORT_TRY(context_load(&p->claims, f.graph, &f.model));
	if (!f.model)
		ORT_TRY(take_model(p, f.node, &f.model));
	status = context ? context_write(p->api, &p->settings, &f, context) :
	    NULL;
	if (!status)
		return run_new(p->api, &p->settings, f.node, f.model,
		    p->profile, out);
	burin_model_free(f.model);
	return status;
}

/* The models are those that the claims were made with, or of EPContext nodes.
 */
static struct OrtStatus *
compile(struct OrtEp *base, const struct OrtGraph **graphs,
    const struct OrtNode **fused, size_t n, struct OrtNodeComputeInfo **out,
    struct OrtNode **context)
{
	struct provider *p = (struct provider *)base;
	struct OrtStatus *status;

	if (!p->settings.context)
		context = NULL;
	for (size_t i = 0; i < n; i++) {
		struct fused f = { fused[i], graphs[i], NULL, i };

		status = compile_one(p, f, &out[i],
		    context ? &context[i] : NULL);
		if (!status)
			continue;
		for (size_t k = 0; k <= i; k++) {
			if (k < i)
				run_free(out[k]);
			out[k] = NULL;
			if (context && context[k])
				p->api->ReleaseNode(context[k]);
			if (context)
				context[k] = NULL;
		}
		return status;
	}
	return NULL;
}

static void
release_infos(struct OrtEp *base, struct OrtNodeComputeInfo **infos, size_t n)
{
	(void)base;
	for (size_t i = 0; i < n; i++)
		run_free(infos[i]);
}

static struct OrtStatus *
create_profiler(struct OrtEp *base, struct OrtEpProfilerImpl **out)
{
	return profile_create(((struct provider *)base)->profile, out);
}

/* ---- the factory --------------------------------------------------------- */

static const char *
factory_name(const struct OrtEpFactory *base)
{
	(void)base;
	return name;
}

static const char *
factory_vendor(const struct OrtEpFactory *base)
{
	(void)base;
	return "burin";
}

static uint32_t
factory_vendor_id(const struct OrtEpFactory *base)
{
	(void)base;
	return 0;
}

static const char *
factory_version(const struct OrtEpFactory *base)
{
	(void)base;
	return burin_version();
}

static struct OrtStatus *
get_devices(struct OrtEpFactory *base,
    const struct OrtHardwareDevice *const *device, size_t ndevice,
    struct OrtEpDevice **out, size_t room, size_t *n)
{
	const struct ort_api *api = &((struct factory *)base)->api;

	*n = 0;
	for (size_t i = 0; i < ndevice && *n < room; i++) {
		if (api->HardwareDevice_Type(device[i]) != ORT_DEVICE_CPU)
			continue;
		ORT_TRY(api->ep->CreateEpDevice(base, device[i], NULL, NULL,
		    &out[*n]));
		++*n;
	}
	return NULL;
}

static void
drop_factory(struct factory *f)
{
	if (atomic_fetch_sub(&f->refs, 1) == 1)
		free(f);
}

static void
release_ep(struct OrtEpFactory *base, struct OrtEp *ep)
{
	struct provider *p = (struct provider *)ep;

	if (!p)
		return;
	claims_free(&p->claims);
	settings_free(&p->settings);
	profile_free(p->profile);
	free(p);
	drop_factory((struct factory *)base);
}

/* ONNX Runtime reads CreateProfiler of an OrtEp of that version.  */
static struct OrtStatus *
add_profile(struct provider *p)
{
	p->profile = profile_new(p->api);
	if (!p->profile)
		return ort_nomem(p->api);
	p->base.version = ORT_VERSION_PROFILES;
	p->base.CreateProfiler = create_profiler;
	return NULL;
}

static struct OrtStatus *
create_ep(struct OrtEpFactory *base,
    const struct OrtHardwareDevice *const *device,
    const struct OrtKeyValuePairs *const *metadata, size_t ndevice,
    const struct OrtSessionOptions *session, const struct OrtLogger *logger,
    struct OrtEp **out)
{
	const struct ort_api *api = &((struct factory *)base)->api;
	struct provider *p = calloc(1, sizeof *p);
	struct OrtStatus *status;

	(void)device;
	(void)metadata;
	(void)ndevice;
	if (!p)
		return ort_nomem(api);
	atomic_fetch_add(&((struct factory *)base)->refs, 1);
	p->base = (struct OrtEp){
		.version = ORT_VERSION,
		.GetName = provider_name,
		.GetCapability = get_capability,
		.Compile = compile,
		.ReleaseNodeComputeInfos = release_infos,
	};
	p->api = api;
	p->claims = (struct claims){ api, logger, &p->settings, NULL };
	status = settings_read(api, session, &p->settings);
	if (!status && api->profiles)
		status = add_profile(p);
	if (status)
		release_ep(base, &p->base);
	else
		*out = &p->base;
	return status;
}

static struct OrtStatus *
no_data_transfer(struct OrtEpFactory *base, void **out)
{
	(void)base;
	*out = NULL;
	return NULL;
}

static bool
has_no_streams(const struct OrtEpFactory *base)
{
	(void)base;
	return false;
}

/* ---- the library --------------------------------------------------------- */

static void
take_slots(const struct OrtApi *from, struct ort_api *api)
{
#define SLOT(place, result, name, params) \
	api->name = (result (*) params)from->slot[place];
#include "hosts/ort/slots.def"
#undef SLOT
	api->ep = api->GetEpApi();
}

/* Version 25 of the interface is that of ONNX Runtime 1.25.  To ask GetApi for
 * one that is too new prints a line.  */
static int
minor_version(const struct OrtApiBase *base)
{
	const char *dot = strchr(base->GetVersionString(), '.');

	return dot ? atoi(dot + 1) : 0;
}

/* An older ONNX Runtime does not give out the table of this version.  The
 * first place is the same in all.  */
static struct OrtStatus *
refuse(const struct OrtApiBase *base)
{
	const struct OrtApi *first = base->GetApi(1);
	struct OrtStatus *(*create)(int, const char *) =
	    (struct OrtStatus *(*)(int, const char *))first->slot[0];
	char line[128];

	snprintf(line, sizeof line, WANTED "%.32s", base->GetVersionString());
	return create(ORT_FAIL, line);
}

EXPORT struct OrtStatus *CreateEpFactories(const char *registered,
    const struct OrtApiBase *base, const struct OrtLogger *logger,
    struct OrtEpFactory **out, size_t room, size_t *n);
EXPORT struct OrtStatus *ReleaseEpFactory(struct OrtEpFactory *factory);

struct OrtStatus *
CreateEpFactories(const char *registered, const struct OrtApiBase *base,
    const struct OrtLogger *logger, struct OrtEpFactory **out, size_t room,
    size_t *n)
{
	const struct OrtApi *table = base->GetApi(ORT_VERSION);
	struct ort_api api;
	struct factory *f;

	(void)registered;
	(void)logger;
	if (!table)
		return refuse(base);
	take_slots(table, &api);
	api.profiles = minor_version(base) >= ORT_VERSION_PROFILES;
	f = room ? calloc(1, sizeof *f) : NULL;
	if (!f)
		return ort_nomem(&api);
	f->api = api;
	atomic_init(&f->refs, 1);
	f->base = (struct OrtEpFactory){
		.version = ORT_VERSION,
		.GetName = factory_name,
		.GetVendor = factory_vendor,
		.GetSupportedDevices = get_devices,
		.CreateEp = create_ep,
		.ReleaseEp = release_ep,
		.GetVendorId = factory_vendor_id,
		.GetVersion = factory_version,
		.CreateDataTransfer = no_data_transfer,
		.IsStreamAware = has_no_streams,
	};
	out[0] = &f->base;
	*n = 1;
	return NULL;
}

struct OrtStatus *
ReleaseEpFactory(struct OrtEpFactory *factory)
{
	drop_factory((struct factory *)factory);
	return NULL;
}
