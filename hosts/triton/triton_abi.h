/* SPDX-License-Identifier: Apache-2.0
 *
 * What is used of Triton's backend interface, version 1.10 or later (servers
 * from 2.22 on).  The functions are in libtritonserver, which has loaded the
 * backend; each returns NULL or an error that the caller owns.
 */
#ifndef TRITON_ABI_H
#define TRITON_ABI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { TRITON_MAJOR = 1, TRITON_MINOR = 10 };

struct TRITONSERVER_Error;
struct TRITONSERVER_Message;
struct TRITONBACKEND_Backend;
struct TRITONBACKEND_Input;
struct TRITONBACKEND_Model;
struct TRITONBACKEND_ModelInstance;
struct TRITONBACKEND_Output;
struct TRITONBACKEND_Request;
struct TRITONBACKEND_Response;

/* Short names of these.  */
typedef struct TRITONSERVER_Error triton_error;
typedef struct TRITONSERVER_Message triton_message;
typedef struct TRITONBACKEND_Backend triton_backend;
typedef struct TRITONBACKEND_Input triton_input;
typedef struct TRITONBACKEND_Model triton_model;
typedef struct TRITONBACKEND_ModelInstance triton_instance;
typedef struct TRITONBACKEND_Output triton_output;
typedef struct TRITONBACKEND_Request triton_request;
typedef struct TRITONBACKEND_Response triton_response;

enum triton_code {
	TRITON_UNKNOWN,
	TRITON_INTERNAL,
	TRITON_NOT_FOUND,
	TRITON_INVALID_ARG,
	TRITON_UNAVAILABLE,
	TRITON_UNSUPPORTED,
	TRITON_ALREADY_EXISTS,
};

/* Element types, in the order of TRITONSERVER_DataType, with the words of
 * model configurations.  Burin has no strings.  */
#define TRITON_TYPE_MAP(X) \
	X(0, "TYPE_INVALID") \
	X(BURIN_BOOL, "TYPE_BOOL") \
	X(BURIN_U8, "TYPE_UINT8") \
	X(BURIN_U16, "TYPE_UINT16") \
	X(BURIN_U32, "TYPE_UINT32") \
	X(BURIN_U64, "TYPE_UINT64") \
	X(BURIN_I8, "TYPE_INT8") \
	X(BURIN_I16, "TYPE_INT16") \
	X(BURIN_I32, "TYPE_INT32") \
	X(BURIN_I64, "TYPE_INT64") \
	X(BURIN_F16, "TYPE_FP16") \
	X(BURIN_F32, "TYPE_FP32") \
	X(BURIN_F64, "TYPE_FP64") \
	X(0, "TYPE_STRING") \
	X(BURIN_BF16, "TYPE_BF16")

enum { TRITON_CPU, TRITON_CPU_PINNED, TRITON_GPU };     /* kinds of memory */
enum { TRITON_FILESYSTEM };                             /* of a repository */
enum { TRITON_LOG_INFO, TRITON_LOG_WARN };
enum { TRITON_RELEASE_ALL = 1, TRITON_RESPONSE_FINAL = 1 };

triton_error *TRITONSERVER_ErrorNew(int code, const char *text);
void TRITONSERVER_ErrorDelete(triton_error *e);
triton_error *TRITONSERVER_LogMessage(int level, const char *file, int line,
    const char *text);
triton_error *TRITONSERVER_MessageNewFromSerializedJson(triton_message **m,
    const char *text, size_t size);
triton_error *TRITONSERVER_MessageSerializeToJson(triton_message *m,
    const char **text, size_t *size);
triton_error *TRITONSERVER_MessageDelete(triton_message *m);

triton_error *TRITONBACKEND_ApiVersion(uint32_t *major, uint32_t *minor);

triton_error *TRITONBACKEND_ModelName(triton_model *m, const char **name);
triton_error *TRITONBACKEND_ModelVersion(triton_model *m, uint64_t *version);
triton_error *TRITONBACKEND_ModelRepository(triton_model *m, int *kind,
    const char **folder);
triton_error *TRITONBACKEND_ModelConfig(triton_model *m, uint32_t version,
    triton_message **config);
triton_error *TRITONBACKEND_ModelAutoCompleteConfig(triton_model *m,
    bool *wanted);
triton_error *TRITONBACKEND_ModelSetConfig(triton_model *m, uint32_t version,
    triton_message *config);
triton_error *TRITONBACKEND_ModelState(triton_model *m, void **state);
triton_error *TRITONBACKEND_ModelSetState(triton_model *m, void *state);

triton_error *TRITONBACKEND_ModelInstanceModel(triton_instance *i,
    triton_model **m);
triton_error *TRITONBACKEND_ModelInstanceState(triton_instance *i,
    void **state);
triton_error *TRITONBACKEND_ModelInstanceSetState(triton_instance *i,
    void *state);
/* Times are CLOCK_MONOTONIC nanoseconds.  */
triton_error *TRITONBACKEND_ModelInstanceReportStatistics(triton_instance *i,
    triton_request *r, bool success, uint64_t start, uint64_t compute_start,
    uint64_t compute_end, uint64_t end);
triton_error *TRITONBACKEND_ModelInstanceReportBatchStatistics(
    triton_instance *i, uint64_t batch, uint64_t start,
    uint64_t compute_start, uint64_t compute_end, uint64_t end);

triton_error *TRITONBACKEND_RequestInput(triton_request *r, const char *name,
    triton_input **in);
triton_error *TRITONBACKEND_RequestOutputCount(triton_request *r,
    uint32_t *n);
triton_error *TRITONBACKEND_RequestOutputName(triton_request *r, uint32_t i,
    const char **name);
triton_error *TRITONBACKEND_RequestRelease(triton_request *r, uint32_t flags);

triton_error *TRITONBACKEND_InputProperties(triton_input *in,
    const char **name, int *type, const int64_t **dims, uint32_t *rank,
    uint64_t *size, uint32_t *buffers);
triton_error *TRITONBACKEND_InputBuffer(triton_input *in, uint32_t i,
    const void **data, uint64_t *size, int *memory, int64_t *id);

triton_error *TRITONBACKEND_ResponseNew(triton_response **out,
    triton_request *r);
triton_error *TRITONBACKEND_ResponseDelete(triton_response *r);
triton_error *TRITONBACKEND_ResponseOutput(triton_response *r,
    triton_output **out, const char *name, int type, const int64_t *dims,
    uint32_t rank);
triton_error *TRITONBACKEND_OutputBuffer(triton_output *out, void **data,
    uint64_t size, int *memory, int64_t *id);
/* Takes r; e, an answer in its place or NULL, stays the caller's.  */
triton_error *TRITONBACKEND_ResponseSend(triton_response *r, uint32_t flags,
    triton_error *e);

#endif
