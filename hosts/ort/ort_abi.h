/* SPDX-License-Identifier: Apache-2.0
 *
 * What is used of ONNX Runtime's interface for execution providers.  No package
 * has its C headers, and they are not needed: the interface consists of tables
 * of functions whose places are fixed, so a place and a type are enough.
 * Nothing of ONNX Runtime is linked: it passes its tables in.
 *
 * Names that begin with Ort are those of its documentation, but for
 * OrtTensorInfo (OrtTensorTypeAndShapeInfo) and OrtProfilingEvents
 * (OrtProfilingEventsContainer).
 */
#ifndef BURIN_ORT_ABI_H
#define BURIN_ORT_ABI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	ORT_VERSION = 24,       /* of the interface, the first with all that
	                           slots.def names: ONNX Runtime 1.24 */
	ORT_NSLOT = 412,        /* of OrtApi in that version */
	ORT_VERSION_PROFILES = 25,      /* the first with what OrtEpApi and
	                           OrtEp have for profiles */
};

enum { ORT_FAIL = 1, ORT_INVALID_ARGUMENT = 2, ORT_NOT_IMPLEMENTED = 9,
	ORT_EP_FAIL = 11 };     /* OrtErrorCode */
enum { ORT_DEVICE_CPU = 0 };    /* OrtHardwareDeviceType */
enum { ORT_LOG_INFO = 1, ORT_LOG_WARNING = 2 };
enum { ORT_EVENT_KERNEL = 2 };  /* OrtProfilingEventCategory */
enum {                          /* OrtOpAttrType */
	ORT_ATTR_INT = 1, ORT_ATTR_INTS, ORT_ATTR_FLOAT, ORT_ATTR_FLOATS,
	ORT_ATTR_STRING, ORT_ATTR_STRINGS, ORT_ATTR_GRAPH, ORT_ATTR_TENSOR,
};

struct OrtEp;
struct OrtEpDevice;
struct OrtEpFactory;
struct OrtEpGraphSupportInfo;
struct OrtGraph;
struct OrtHardwareDevice;
struct OrtKernelContext;
struct OrtKeyValuePairs;
struct OrtLogger;
struct OrtNode;
struct OrtNodeComputeContext;
struct OrtNodeComputeInfo;
struct OrtOpAttr;
struct OrtProfilingEvent;
struct OrtProfilingEvents;
struct OrtSessionOptions;
struct OrtStatus;
struct OrtTensorInfo;
struct OrtTypeInfo;
struct OrtValue;
struct OrtValueInfo;

typedef void ort_slot(void);

/* OrtApi as it is passed in.  */
struct OrtApi {
	ort_slot *slot[ORT_NSLOT];
};

struct OrtApiBase {
	const struct OrtApi *(*GetApi)(uint32_t version);
	const char *(*GetVersionString)(void);
};

struct OrtNodeFusionOptions {
	uint32_t version;
	bool drop_constant_initializers;
};

struct OrtEpApi {
	struct OrtStatus *(*CreateEpDevice)(struct OrtEpFactory *,
	    const struct OrtHardwareDevice *,
	    const struct OrtKeyValuePairs *metadata,
	    const struct OrtKeyValuePairs *options, struct OrtEpDevice **);
	ort_slot *ReleaseEpDevice;
	struct OrtStatus *(*AddNodesToFuse)(struct OrtEpGraphSupportInfo *,
	    const struct OrtNode *const *, size_t,
	    const struct OrtNodeFusionOptions *);
	ort_slot *others[62];
	/* From here on: ORT_VERSION_PROFILES.  Times are us since profiling
	 * started; the arguments are copied.  */
	struct OrtStatus *(*CreateProfilingEvent)(int category,
	    int32_t process, int32_t thread, const char *name, int64_t at,
	    int64_t duration, const char *const *key,
	    const char *const *value, size_t nkey,
	    struct OrtProfilingEvent **);
	void (*ReleaseProfilingEvent)(struct OrtProfilingEvent *);
	ort_slot *ProfilingEvent_Get[5];
	struct OrtStatus *(*ProfilingEventsContainer_AddEvents)(
	    struct OrtProfilingEvents *,
	    const struct OrtProfilingEvent *const *, size_t);
};

struct OrtModelEditorApi {
	ort_slot *CreateTypes[6];
	struct OrtStatus *(*CreateNode)(const char *op, const char *domain,
	    const char *name, const char *const *inputs, size_t ninput,
	    const char *const *outputs, size_t noutput,
	    struct OrtOpAttr **attributes, size_t nattribute,
	    struct OrtNode **);         /* takes the attributes */
};

/* The functions of slots.def as members.  */
struct ort_api {
#define SLOT(place, result, name, params) result (*name) params;
#include "hosts/ort/slots.def"
#undef SLOT
	const struct OrtEpApi *ep;
	bool profiles;          /* it has ORT_VERSION_PROFILES */
};

#define SLOT(place, result, name, params) \
	_Static_assert((place) < ORT_NSLOT, #name " is of a later version");
#include "hosts/ort/slots.def"
#undef SLOT

/* ---- what a provider fills in ------------------------------------------ */

/* NULL for what is optional.  version tells ONNX Runtime how far it may read:
 * it has members of that version and older ones.  */

struct OrtNodeComputeInfo {
	uint32_t version;
	struct OrtStatus *(*CreateState)(struct OrtNodeComputeInfo *,
	    struct OrtNodeComputeContext *, void **state);
	struct OrtStatus *(*Compute)(struct OrtNodeComputeInfo *, void *state,
	    struct OrtKernelContext *);
	void (*ReleaseState)(struct OrtNodeComputeInfo *, void *state);
};

struct OrtEpProfilerImpl {
	uint32_t version;
	void (*Release)(struct OrtEpProfilerImpl *);
	struct OrtStatus *(*StartProfiling)(struct OrtEpProfilerImpl *,
	    int64_t offset);            /* ns since ONNX Runtime started it */
	ort_slot *StartEvent, *StopEvent;
	struct OrtStatus *(*EndProfiling)(struct OrtEpProfilerImpl *,
	    struct OrtProfilingEvents *);
};

struct OrtEp {
	uint32_t version;
	const char *(*GetName)(const struct OrtEp *);
	struct OrtStatus *(*GetCapability)(struct OrtEp *,
	    const struct OrtGraph *, struct OrtEpGraphSupportInfo *);
	struct OrtStatus *(*Compile)(struct OrtEp *, const struct OrtGraph **,
	    const struct OrtNode **fused, size_t n,
	    struct OrtNodeComputeInfo **, struct OrtNode **context);
	void (*ReleaseNodeComputeInfos)(struct OrtEp *,
	    struct OrtNodeComputeInfo **, size_t);
	ort_slot *optional[11];
	struct OrtStatus *(*CreateProfiler)(struct OrtEp *,
	    struct OrtEpProfilerImpl **);       /* ORT_VERSION_PROFILES */
	ort_slot *later[12];
};

struct OrtEpFactory {
	uint32_t version;
	const char *(*GetName)(const struct OrtEpFactory *);
	const char *(*GetVendor)(const struct OrtEpFactory *);
	struct OrtStatus *(*GetSupportedDevices)(struct OrtEpFactory *,
	    const struct OrtHardwareDevice *const *, size_t ndevice,
	    struct OrtEpDevice **, size_t room, size_t *n);
	struct OrtStatus *(*CreateEp)(struct OrtEpFactory *,
	    const struct OrtHardwareDevice *const *,
	    const struct OrtKeyValuePairs *const *metadata, size_t ndevice,
	    const struct OrtSessionOptions *, const struct OrtLogger *,
	    struct OrtEp **);
	void (*ReleaseEp)(struct OrtEpFactory *, struct OrtEp *);
	uint32_t (*GetVendorId)(const struct OrtEpFactory *);
	const char *(*GetVersion)(const struct OrtEpFactory *);
	ort_slot *ValidateCompiledModelCompatibilityInfo;
	ort_slot *CreateAllocator;
	ort_slot *ReleaseAllocator;
	struct OrtStatus *(*CreateDataTransfer)(struct OrtEpFactory *,
	    void **);
	bool (*IsStreamAware)(const struct OrtEpFactory *);
	ort_slot *optional[24];
};

#define ORT_PLACE(type, member) (offsetof(struct type, member) / \
	sizeof (void *))
_Static_assert(ORT_PLACE(OrtEp, ReleaseNodeComputeInfos) == 4, "OrtEp");
_Static_assert(ORT_PLACE(OrtEp, CreateProfiler) == 16, "OrtEp");
_Static_assert(ORT_PLACE(OrtEpFactory, ReleaseEp) == 5, "OrtEpFactory");
_Static_assert(ORT_PLACE(OrtEpFactory, IsStreamAware) == 12, "OrtEpFactory");
_Static_assert(ORT_PLACE(OrtNodeComputeInfo, ReleaseState) == 3,
    "OrtNodeComputeInfo");
_Static_assert(ORT_PLACE(OrtEpApi, AddNodesToFuse) == 2, "OrtEpApi");
_Static_assert(ORT_PLACE(OrtEpApi, CreateProfilingEvent) == 65, "OrtEpApi");
_Static_assert(ORT_PLACE(OrtEpApi, ProfilingEventsContainer_AddEvents) == 72,
    "OrtEpApi");
_Static_assert(ORT_PLACE(OrtModelEditorApi, CreateNode) == 6,
    "OrtModelEditorApi");

#endif
