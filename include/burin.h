/* SPDX-License-Identifier: Apache-2.0
 *
 * burin: pruned neural networks as fast as their zeros promise.
 *
 * A model is loaded from ONNX once; its pruned layers become block-sparse and
 * get kernels compiled for their exact sparsity pattern, kept in a cache on
 * disk.  A session runs a model.
 *
 *	burin_model *m;
 *	burin_session *s;
 *	burin_error err;
 *
 *	if (burin_model_load("bert.onnx", NULL, &m, &err) < 0)
 *		return fputs(err.msg, stderr), 1;
 *	burin_session_new(m, NULL, &s, &err);
 *	burin_run(s, in, 3, out, 1, &err);
 *
 * Functions that can fail return BURIN_OK (0) or a negative BURIN_E* code and
 * write one line of explanation into *err, which the caller owns and which may
 * be NULL.  Out parameters are written on success only, but for what burin_run
 * says of its outputs.  The library never prints, aborts or exits.
 *
 * Later versions may add members at the end of structs that the library
 * returns by pointer (one at a time, never an array to index) and of structs
 * that are passed with a size, the caller's sizeof.  burin_error, burin_tensor
 * and burin_output keep their layout.
 *
 * NaN and infinity: a sparse layer does not multiply blocks that hold only
 * zeros, so where such a block meets a NaN or an infinity of the input, the
 * result lacks the NaN that 0 times it is in a dense product.  Zeros inside a
 * stored block do multiply.  Which blocks are stored depends on the block shape
 * that a load has chosen.  A NaN or an infinity in a weight is no zero: it is
 * stored, and counts.  sparse=off multiplies everything.  Layers on integers
 * (option precision) have no NaN: in their input a NaN counts as 0, and an
 * infinity as the last step of the file's on its side.  Where the steps follow
 * from the input, an infinity makes all results NaN that they are for, those of
 * the input or of a token; on processors without integers a NaN does so, too.
 *
 * Threads: options and sessions belong to one thread at a time, but for
 * burin_session_cancel; models, which do not change after loading, and pools
 * may be shared by any number of threads.  A child of fork may use and free
 * what its parent made, while no other thread of the parent was running a
 * session of it; kernels that were still being compiled then are not compiled
 * in the child.
 */
#ifndef BURIN_H
#define BURIN_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(BURIN_BUILD) && defined(__GNUC__)
#define BURIN_API __attribute__((visibility("default")))
#else
#define BURIN_API
#endif

#define BURIN_STATUS_MAP(X) \
	X(OK,            0, "success") \
	X(ENOMEM,       -1, "out of memory") \
	X(EINVAL,       -2, "invalid argument") \
	X(EIO,          -3, "file cannot be read or written") \
	X(EFORMAT,      -4, "file is not a valid model") \
	X(EUNSUPPORTED, -5, "model uses what burin does not support") \
	X(ESHAPE,       -6, "shapes or types do not fit") \
	X(EJIT,         -7, "kernel cannot be compiled") \
	X(ECACHE,       -8, "cache cannot be used") \
	X(EROOM,        -9, "buffer is too small") \
	X(ECANCELED,   -10, "run was canceled") \
	X(ETIMEOUT,    -11, "time is over")

enum burin_status {
#define X(name, code, text) BURIN_##name = code,
	BURIN_STATUS_MAP(X)
#undef X
};

typedef struct burin_error {
	int code;               /* enum burin_status */
	char msg[1020];         /* one line, no newline at its end */
} burin_error;

BURIN_API const char *burin_version(void);      /* "0.1.0" */
BURIN_API const char *burin_strerror(int code); /* text of a status */

/* The instruction set that kernels are made for here: "avx512", "avx2",
 * "sse2" or "generic".  */
BURIN_API const char *burin_isa(void);

/* ---- options ---------------------------------------------------------- */

/* Keys and values are strings, so that new ones do not change the ABI.  The
 * environment variable BURIN_<KEY> in capitals gives the default of a key.
 *
 *	sparse     auto (default) | off: keep every layer dense
 *	jit        where kernels are compiled: worker (default), in burin-cc
 *	           processes | inprocess | off, the same as compile=off
 *	compile    when: sync (default), a load waits for all | async, a model
 *	           runs at once, on slower kernels till then | off, never: only
 *	           what the cache holds
 *	jobs       compiling processes, default one a core; with compile=async
 *	           one for two cores, and of lowest priority
 *	retry      0 (default) | 1: compile also what failed in the last day
 *	warm       0 (default) | 1: kernels go to the cache and are not loaded;
 *	           the model has no sessions, isa may be any
 *	tune       0 (default) | 1: time the best few candidates of each layer
 *	           on it, when that was not done yet, and keep what comes out
 *	           in the cache; every load goes by what is there
 *	cache_dir  the kernel cache, default $XDG_CACHE_HOME/burin
 *	cache_ro   dir:dir, caches under it that are not written to
 *	cache_remote      redis://[:password@]host[:port][/number], a cache that
 *	           machines share; rediss:// for TLS; needs cache_remote_key;
 *	           default none
 *	cache_remote_key  a file whose content is the secret that its entries
 *	           are signed with
 *	cache_max_bytes, cache_max_files  what the cache may hold before those
 *	           not used longest go, K, M, G: units of 1024; 0: no limit;
 *	           default 1G and 16384
 *	max_kernels  of a model that no cache has and that may be compiled;
 *	           more are EUNSUPPORTED; 0: no limit; default 4096
 *	max_memory  bytes, K, M, G: of the weights of a model (about), and of
 *	           the intermediate results that a session keeps; a load or a
 *	           run that needs more is ENOMEM before it allocates them; 0
 *	           (default): no limit
 *	max_load_ms  milliseconds that burin_model_load* and burin_model_update
 *	           may take for a file that has been read, before they are
 *	           EUNSUPPORTED; kernels that are not compiled by then follow
 *	           in the background; 0 (default): no limit
 *	max_load_work  bytes, K, M, G, that a load touches, those of an element
 *	           once a multiplication, beyond 4096 for each byte of the
 *	           file; a kernel to compile counts as 16M; more is
 *	           EUNSUPPORTED; 0: no limit; default 16G, about 20 s
 *	isa        auto (default) | avx512 | avx2 | sse2 | generic
 *	precision  auto (default): layers on rows run on 8-bit integers where
 *	           the file quantizes their x and weight, and the processor
 *	           has AVX512_VNNI, all others in fp32 |
 *	           fp32 | bf16: their products in bf16 with sums in fp32,
 *	           where that is faster than fp32 | int8: all of them on
 *	           integers, weights rounded by row, x by token.  Attention
 *	           between layers on integers, and all of it with bf16 and
 *	           int8, multiplies 16-bit integers where the processor has
 *	           AVX512_VNNI
 *	fp32_layers  GLOB[,GLOB]: layers that stay in fp32, by the name in
 *	           burin_layer_info, and attention, by that of its node; * is
 *	           any characters, ? one, \ takes the meaning of the next one;
 *	           default none
 *	threads    of a session; default 1, 0 is one a core
 *	sessions   of a pool; default 0: cores / threads, but at least 1
 *	pin        0 (default) | 1: session i of a pool runs on the cores
 *	           i * threads and following of those that the process may
 *	           use, those of a NUMA node next to each other
 *	loop_steps, loop_bytes  of a session, K, M, G: units of 1024; what one
 *	           run may take: iterations of all its Loop and Scan together,
 *	           and bytes that one of them gathers; default 64M and 4G
 *	unsupported  refuse (default) | keep: load a model with unsupported
 *	           operators for inspection; no session can be made of it
 *	verify     0 (default) | 1: check the graph after every pass
 *	dump       a directory that gets the graph after every pass as text
 */
typedef struct burin_options burin_options;

BURIN_API burin_options *burin_options_new(void);       /* NULL: no memory */
BURIN_API void burin_options_free(burin_options *o);    /* NULL is fine */

/* EINVAL for an unknown key or a value that the key does not take.  */
BURIN_API int burin_options_set(burin_options *o, const char *key,
    const char *value, burin_error *err);

/* Called while kernels compile, from the thread that loads the model; with
 * compile=async from another, until the model is freed.  */
typedef void burin_progress_fn(void *ctx, int done, int total);
BURIN_API void burin_options_set_progress(burin_options *o,
    burin_progress_fn *fn, void *ctx);

/* ---- model ------------------------------------------------------------ */

typedef struct burin_model burin_model;

/* Read an ONNX file (opsets up to 25), rewrite it, and get the kernels of its
 * layers from the cache or the compiler.  External data is read from the
 * folder of the file only.  o may be NULL and is not kept.  A text that the
 * option dump has written is a model, too.
 * Errors: EIO, EFORMAT, EUNSUPPORTED (every unsupported operator is named, as
 * far as the message has room; unsupported=keep lists them all), ESHAPE,
 * ENOMEM.  A compiler or cache that does not work is no error: the layer runs
 * on a slower kernel and burin_model_stats says so.  */
BURIN_API int burin_model_load(const char *path, const burin_options *o,
    burin_model **out, burin_error *err);

/* The same from memory, which is not kept.  external_dir is where external
 * data is looked for, NULL for nowhere.  */
BURIN_API int burin_model_load_memory(const void *data, size_t size,
    const char *external_dir, const burin_options *o, burin_model **out,
    burin_error *err);

/* Bytes of the caller's with a name.  */
typedef struct burin_blob {
	const char *name;
	const void *data;
	size_t size;
} burin_blob;

/* The same from memory in parts: external data is looked for in the blob whose
 * name is its location, and nowhere else.  Blobs are only read during the call;
 * names must differ.  For hosts that hold the weights of a model already.  */
BURIN_API int burin_model_load_parts(const void *data, size_t size,
    const burin_blob *blobs, size_t nblob, const burin_options *o,
    burin_model **out, burin_error *err);

/* Wait up to timeout_ms for kernels that compile=async is still making
 * (negative: as long as it takes).  How many are left: 0 when all are there,
 * or failed.  */
BURIN_API int burin_model_wait(burin_model *m, int timeout_ms);

/* Give a live model the weights of another file: the same graph with the same
 * zero blocks, other values.  Nothing is compiled, sessions run on: each run
 * that begins afterwards has the new weights, all of them; the old ones go when
 * every session has run again or is freed.  On an error nothing has changed.
 * Errors: those of burin_model_load, and ESHAPE that names the first
 * difference.  May be called from any thread.  */
BURIN_API int burin_model_update(burin_model *m, const char *path,
    burin_error *err);

/* NULL is fine.  Sessions keep what they need of their model.  What is still
 * compiling for it when its last session goes is given up.  */
BURIN_API void burin_model_free(burin_model *m);

/* Values are those of ONNX's TensorProto.DataType.  */
enum burin_dtype {
	BURIN_F32 = 1,
	BURIN_U8 = 2,
	BURIN_I8 = 3,
	BURIN_U16 = 4,
	BURIN_I16 = 5,
	BURIN_I32 = 6,
	BURIN_I64 = 7,
	BURIN_BOOL = 9,         /* one byte, 0 or 1 */
	BURIN_F16 = 10,         /* computed as f32, like the next */
	BURIN_F64 = 11,
	BURIN_U32 = 12,
	BURIN_U64 = 13,
	BURIN_BF16 = 16,
};

#define BURIN_MAX_RANK 8

typedef struct burin_value_info {
	const char *name;
	enum burin_dtype dtype;
	int rank;
	int64_t dims[BURIN_MAX_RANK];           /* -1: set by the caller */
	const char *dim_names[BURIN_MAX_RANK];  /* "batch_size", or NULL */
} burin_value_info;

typedef struct burin_op_info {
	const char *name;       /* ONNX operator */
	int count;              /* nodes of it in the file */
} burin_op_info;

/* A way to store and run a layer.  Times are microseconds for 128 tokens on one
 * core.  */
typedef struct burin_candidate_info {
	int bh, bw;
	int dense;              /* every block stored */
	int chosen;
	double density;         /* stored blocks / all blocks */
	const char *kernel;     /* "t1_tile" */
	double predicted_us;
	double measured_us;     /* by tuning; 0: not measured */
} burin_candidate_info;

typedef struct burin_layer_info {
	const char *name;       /* of the ONNX node */
	const char *op;         /* "bsr_dense" or "dense" */
	int64_t rows, cols;     /* output and input features */
	int bh, bw;             /* block shape, rows x cols */
	double density;         /* stored blocks / all blocks */
	double nonzero_fraction;
	const char *decision;   /* "sparse" or "dense" */
	const char *why;        /* reason of the decision, one line */
	const char *kernel;     /* what runs it, "t1.16x1.avx512" */
	const char *key;        /* of its kernel in the cache, 32 hex digits */
	size_t ncandidates;     /* 0: there was nothing to decide */
	const char *precision;  /* of its products: "fp32", "bf16", "int8" */
} burin_layer_info;

#define BURIN_MAX_REJECTS 8

typedef struct burin_stats {
	int kernels;            /* distinct kernels the model asked for */
	int compiled, disk_hits, memory_hits;
	int failed;             /* run on a kernel of tier T0 instead */
	double ms;              /* wall time of getting them all */
	double load_ms;         /* wall time of loading, kernels included */
	char note[256];         /* why kernels failed or the cache is off */
	int pending;            /* in the making, on tier T0 till then */
	int readonly_hits;      /* those disk_hits that cache_ro had */
	int remote_hits;
	int misses;             /* no cache had them */
	int evicted;            /* files that made room */
	struct burin_reject {   /* entries that were there and were not */
		const char *why;        /* used; NULL after the last */
		int count;
	} rejects[BURIN_MAX_REJECTS];
	/* Summed over kernels, in whatever process: waiting for others that
	 * compile the same, compiling, checking and writing.  */
	double wait_ms, compile_ms, publish_ms;
	/* Of compile_ms: describing the kernel to the compiler; processor time
	 * of assembler and linker (in a process that compiles itself, of all
	 * its children that ended then).  The rest is GCC.  */
	double emit_ms, assemble_ms;
	double load_us;         /* reading, checking and mapping hits */
	int unsandboxed;        /* compiled without (all of) the sandbox of
	                           burin-cc: an older kernel, jit=inprocess */
} burin_stats;

/* What a model is.  Pointers live as long as the model; NULL for an index out
 * of range.  */
BURIN_API int burin_model_opset(const burin_model *m);
BURIN_API size_t burin_model_num_inputs(const burin_model *m);
BURIN_API size_t burin_model_num_outputs(const burin_model *m);
BURIN_API size_t burin_model_num_ops(const burin_model *m);
BURIN_API size_t burin_model_num_layers(const burin_model *m);
BURIN_API size_t burin_model_num_unsupported(const burin_model *m);
BURIN_API size_t burin_model_num_unfused(const burin_model *m);
/* Weights that the file has as integers and that are fp32 since the model was
 * loaded.  */
BURIN_API size_t burin_model_num_dequantized(const burin_model *m);
BURIN_API const burin_value_info *burin_model_input(const burin_model *m,
    size_t i);
BURIN_API const burin_value_info *burin_model_output(const burin_model *m,
    size_t i);
BURIN_API const burin_op_info *burin_model_op(const burin_model *m, size_t i);
BURIN_API const burin_layer_info *burin_model_layer(const burin_model *m,
    size_t i);
/* Candidate i of a layer, the best first.  */
BURIN_API const burin_candidate_info *burin_model_candidate(
    const burin_model *m, size_t layer, size_t i);
/* The key, 32 hex digits, of what was measured of some of its layers and is in
 * the cache: an entry like those of kernels.  NULL for an i out of range.  */
BURIN_API const char *burin_model_tuning(const burin_model *m, size_t i);
/* "NonZero (node 'nz_3', opset 13)" */
BURIN_API const char *burin_model_unsupported(const burin_model *m, size_t i);
/* What runs node by node, though it looks like something that burin does in one
 * step, and why: "node 'softmax_3': no attention: its axis is not the last".
 */
BURIN_API const char *burin_model_unfused(const burin_model *m, size_t i);
/* At most size bytes of *out are written; what this library has no member for
 * is 0.  */
BURIN_API void burin_model_stats(const burin_model *m, burin_stats *out,
    size_t size);
/* The instruction set of its kernels, as burin_isa names them.  */
BURIN_API const char *burin_model_isa(const burin_model *m);

/* The sum over all models that this process got the kernels of.  */
BURIN_API void burin_process_stats(burin_stats *out, size_t size);

/* ---- session ---------------------------------------------------------- */

typedef struct burin_session burin_session;

/* An input: a view of the caller's memory, row-major, contiguous, C alignment
 * of its type.  The library only reads it, but for burin_session_share, and
 * not after the call.  */
typedef struct burin_tensor {
	const char *name;       /* of the model's input */
	enum burin_dtype dtype;
	int rank;
	int64_t dims[BURIN_MAX_RANK];
	const void *data;
	size_t nbytes;          /* at data; may be more than dims need */
} burin_tensor;

/* An output that is asked for.  The first three members are the caller's; the
 * library only reads them.  The others are the library's; their contents before
 * a call do not matter, so outputs can be used again as they are.  */
typedef struct burin_output {
	const char *name;       /* of the model's output */
	void *buffer;           /* where to write it; NULL: lend it */
	size_t room;            /* bytes at buffer */
	const void *data;       /* buffer, or what is lent; NULL: none */
	enum burin_dtype dtype;
	int rank;
	int64_t dims[BURIN_MAX_RANK];
	size_t nbytes;          /* of the value, row-major and contiguous */
} burin_output;

/* Of the options "threads", "loop_steps" and "loop_bytes" are read.
 * EUNSUPPORTED for a model loaded with unsupported=keep that has unsupported
 * operators.  */
BURIN_API int burin_session_new(burin_model *m, const burin_options *o,
    burin_session **out, burin_error *err);
BURIN_API void burin_session_free(burin_session *s);    /* NULL is fine */
BURIN_API int burin_session_threads(const burin_session *s);

/* Run once.  Every input of the model must be given, in any order; outputs
 * are those that are asked for by name, in any order and as often as wanted.
 * Input shapes may differ from run to run: each new tuple of shapes is planned
 * once, nothing is recompiled.
 *
 * An output with a buffer is written to it, and data is buffer.  It is computed
 * there if buffer and nbytes are multiples of 64, the buffer overlaps no input,
 * and only one output is this value; else it is copied.  An output without a
 * buffer is lent: data points to memory of the session, never to an input or
 * into the model.  Lent memory is read only and may be shared by several
 * outputs.  It is valid until the next burin_run of this session, successful or
 * not, or until the session is freed; burin_model_update, burin_model_free and
 * burin_session_shapes do not end it.  After success data is not NULL, even if
 * nbytes is 0.
 *
 * A buffer may overlap inputs: all inputs are read before a buffer is written.
 * EINVAL if buffers overlap each other, or if an input or a buffer is memory
 * that the last run has lent: copy that first.
 *
 * Errors: EINVAL (also an unknown or missing name, too few bytes of an input),
 * ESHAPE, ENOMEM, EUNSUPPORTED (also loops beyond the limits of the options),
 * ECANCELED, ETIMEOUT, EROOM.
 * EROOM means that a buffer is too small: no buffer was written, but dtype,
 * rank, dims and nbytes of every output are set, so that the caller can make
 * room and call again.  Nothing has run then, unless shapes depend on what
 * nodes compute, as that of a NonZero does.  After any error data is NULL;
 * after others than EROOM dtype, rank, dims and nbytes mean nothing, and
 * buffers may have been written.  */
BURIN_API int burin_run(burin_session *s, const burin_tensor *in, size_t nin,
    burin_output *out, size_t nout, burin_error *err);

/* Before the first run: let an output of the model, the present keys or values
 * of a decoder, lie in the buffer of an input, their past.  The output must be
 * the input [batch, heads, tokens, depth] with new tokens behind it, and
 * nothing but attention may read either.
 * From then on data of that input is [batch][heads][capacity][depth], with
 * dims[2] tokens in each head, and is written: a run puts the new tokens behind
 * them and changes nothing else.  The output takes no buffer; its data is that
 * of the input, dims[2] the tokens that are there now, nbytes those of
 * [batch][heads][capacity][depth].  So a run copies no past, and the next one
 * takes the same buffer with these dims.  A run that fails may have written new
 * tokens.  Two inputs must not have the same buffer, which is not checked.
 * Errors: EINVAL (no such names, shared already, the session has planned a
 * run or is of a pool), EUNSUPPORTED for an output or input that is used
 * otherwise.  A later run is EINVAL if its tokens are more than capacity.  */
BURIN_API int burin_session_share(burin_session *s, const char *input,
    const char *output, int64_t capacity, burin_error *err);

/* Set dtype, rank, dims and nbytes of outputs as burin_run would for inputs of
 * these types and dims, and data to NULL.  buffer and room are not looked at.
 * Nothing runs; the plan is kept, so that a run of the same shapes need not
 * make it.  An input may have data NULL, unless it is small and shapes depend
 * on it (then it is EUNSUPPORTED).  A shape that depends on what nodes compute
 * has -1 as dims that only a run decides, or as rank, and nbytes 0.  Other
 * errors are those of burin_run.  On an error out is
 * not changed.  */
BURIN_API int burin_session_shapes(burin_session *s, const burin_tensor *in,
    size_t nin, burin_output *out, size_t nout, burin_error *err);

/* Stop the run that is under way: it returns ECANCELED after the step that it
 * is at.  May be called from any thread, and from a signal handler, while the
 * session lives.  Without a run under way it does nothing: later ones are not
 * stopped.  */
BURIN_API void burin_session_cancel(burin_session *s);

/* Let each later run return ETIMEOUT when it has taken ms, after the step that
 * it is at.  Negative, as at first: as long as it takes.  */
BURIN_API void burin_session_deadline(burin_session *s, int ms);

typedef struct burin_step_info {
	const char *name;       /* node */
	const char *op;
	const char *kernel;     /* "t1.16x1.avx512", "native", "ref" */
	int layer;              /* index of burin_model_layer, or -1 */
	int64_t calls;
	double ms;              /* of all calls */
} burin_step_info;

/* Start (on = 1, counts from zero) or stop timing each step of later runs.  */
BURIN_API void burin_session_profile(burin_session *s, int on);
/* Steps of the shapes that ran last; NULL past the end.  Valid until the next
 * burin_run.  */
BURIN_API const burin_step_info *burin_session_step(const burin_session *s,
    size_t i);

/* ---- pool --------------------------------------------------------------- */

/* Sessions of one model for many threads: any number of threads may call
 * burin_pool_take, burin_pool_give and burin_pool_run of one pool at once.  At
 * most "sessions" runs are under way, each on "threads" threads; others wait,
 * first come, first served.  One session and threads=0 give the lowest latency,
 * one thread and as many sessions as cores the highest throughput.  */
typedef struct burin_pool burin_pool;

/* Of the options "sessions", "threads", "pin", "loop_steps", "loop_bytes" and
 * max_memory are read; max_memory is for the intermediate results of all
 * sessions together.  A session is made when it is first needed, the first one
 * here.  Errors are those of burin_session_new.  */
BURIN_API int burin_pool_new(burin_model *m, const burin_options *o,
    burin_pool **out, burin_error *err);
/* No thread may be in a call of it or have a session of it.  NULL is fine.  */
BURIN_API void burin_pool_free(burin_pool *p);

typedef struct burin_pool_info {
	int sessions;           /* how many there may be */
	int made;               /* how many there are */
	int busy;               /* taken, or being made */
	int waiting;            /* threads in the queue */
	int64_t bytes;          /* intermediate results of all sessions */
} burin_pool_info;

/* As it is now.  At most size bytes of *out are written; what this library has
 * no member for is 0.  */
BURIN_API void burin_pool_stats(burin_pool *p, burin_pool_info *out,
    size_t size);

/* A session for the calling thread alone, until it gives it back.  Waits up to
 * timeout_ms, negative: as long as it takes.  With pin=1 the thread is moved to
 * the cores of the session, and back in burin_pool_give.
 * Errors: ETIMEOUT, ENOMEM.  */
BURIN_API int burin_pool_take(burin_pool *p, int timeout_ms,
    burin_session **out, burin_error *err);
/* By the thread that took s.  What s has lent ends, as do its deadline and its
 * profile.  */
BURIN_API void burin_pool_give(burin_pool *p, burin_session *s);

/* Take a session, burin_run, give it back.  Every output has a buffer.
 * ETIMEOUT if that takes longer than timeout_ms, waiting included; negative: as
 * long as it takes.  Other errors are those of burin_run.  */
BURIN_API int burin_pool_run(burin_pool *p, const burin_tensor *in, size_t nin,
    burin_output *out, size_t nout, int timeout_ms, burin_error *err);

/* ---- pruning ---------------------------------------------------------- */

typedef struct burin_prune_spec {
	int bh, bw;             /* block: output features x input features */
	double sparsity;        /* share of blocks to zero, 0 to 1 */
	int random;             /* 0: by magnitude; 1: at random, from seed */
	uint64_t seed;
	const char *only;       /* POSIX extended regex on names, of at most
	                           256 bytes, 256 repetitions and without
	                           references (\1); or NULL */
	int tied;               /* 1: prune weights that are used outside of
	                           layers, too, as embeddings are */
	/* Unless NULL, called with the name of each layer that is left as it
	 * is, and the reason; both are valid during the call.  */
	void (*left)(void *ctx, const char *layer, const char *why);
	void *ctx;
} burin_prune_spec;

/* Zero blocks in the weights of the dense layers of an ONNX file, one shot,
 * and write the result; 8-bit integers become their zero point.  A weight of
 * several layers is pruned once.  size is sizeof *spec; EINVAL if members are
 * set that this library does not have.  */
BURIN_API int burin_prune(const char *in_path, const char *out_path,
    const burin_prune_spec *spec, size_t size, int *nlayers,
    burin_error *err);

/* ---- cache ------------------------------------------------------------ */

typedef struct burin_cache_entry {
	char key[33];           /* 32 hex digits */
	int64_t bytes;
	int64_t mtime;          /* seconds since 1970, last use */
	const char *what;       /* "t1 16x1 768x3072 density 0.05 avx512" */
	const char *bad;        /* NULL, or why the entry is not usable */
} burin_cache_entry;

typedef void burin_cache_fn(void *ctx, const burin_cache_entry *e);

/* Each checks the cache directory of o (NULL: the default) first.
 * each: call fn for every entry, checksums verified when verify is 1.
 * gc: remove temporary files of the dead, entries that are not usable, and
 * those not used longest until max_bytes (negative: the options' limit) and
 * cache_max_files; clear: remove all.  n is the number removed.  */
BURIN_API int burin_cache_each(const burin_options *o, int verify,
    burin_cache_fn *fn, void *ctx, burin_error *err);
BURIN_API int burin_cache_gc(const burin_options *o, int64_t max_bytes,
    int64_t *n, burin_error *err);
BURIN_API int burin_cache_clear(const burin_options *o, int64_t *n,
    burin_error *err);
/* Copy the entries of nkey keys (keys NULL: all) to path: an archive when its
 * name ends in .tar, .tar.zst, .tar.gz or .tar.xz, else a directory that
 * cache_ro may name.  import copies those of either into the cache, each
 * checked as it is when it is found; that they are meant well is not, so import
 * from where you would run programs from.  EUNSUPPORTED: archives need
 * libarchive.  */
BURIN_API int burin_cache_export(const burin_options *o,
    const char *const *keys, size_t nkey, const char *path,
    burin_error *err);
BURIN_API int burin_cache_import(const burin_options *o, const char *path,
    int64_t *n, burin_error *err);
/* Lines "name: text" on the entry whose key begins with key: what it is, and
 * whether it would be used here.  EINVAL: there is none, or more than one.
 * EROOM: buf is too small.  */
BURIN_API int burin_cache_explain(const burin_options *o, const char *key,
    char *buf, size_t size, burin_error *err);
/* Where the cache is, for people to read.  */
BURIN_API int burin_cache_path(const burin_options *o, char *buf, size_t size,
    burin_error *err);

#ifdef __cplusplus
}
#endif
#endif
