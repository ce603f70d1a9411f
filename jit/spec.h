/* SPDX-License-Identifier: Apache-2.0
 *
 * All that a kernel is specialised on, and nothing else: emitter input == key
 * input.  Weight values are not in it.  Its canonical bytes travel to burin-cc,
 * are hashed to the key, and are stored with the cache entry.
 */
#ifndef BRN_SPEC_H
#define BRN_SPEC_H

#include "ir/graph/bsr.h"
#include "jit/abi.h"
#include "jit/compiler.h"
#include "jit/target.h"

enum brn_kernel_id {
#define KERNEL(name, tier, what) BRN_KERNEL_##name,
#include "jit/kernels.def"
	BRN_NUM_KERNELS
};

struct brn_spec {
	enum brn_kernel_id kernel;
	enum brn_isa isa;
	enum brn_elem elem;             /* of x and of weights */
	unsigned epilogue;              /* BRN_EPI_* */
	int bh, bw;
	int32_t nbrow, nbcol;           /* rows and cols, padded, in blocks */
	int32_t nblk;
	const int32_t *rowptr, *colidx; /* borrowed; see brn_spec_is_full */
	char compiler[BRN_COMPILER_ID_MAX];     /* jit/compiler.h */
	char generator[20];             /* hash of the emitters' sources */
};

/* Rows of kernels.def.  */
struct brn_kernel_info {
	const char *name, *what;
	int tier;
};
extern const struct brn_kernel_info brn_kernels[BRN_NUM_KERNELS];

/* The kernel of that name; -1: unknown.  */
int brn_kernel_parse(const char *name);

/* Is every block stored?  Then the index arrays are redundant: they are not in
 * the canonical bytes, and are NULL after decoding.  */
int brn_spec_is_full(const struct brn_spec *s);

/* Describe the layer b for this machine, with elements f32.  Borrows b's index
 * arrays.  compiler "": there is none.  The kernel is t0 until
 * jit/kernel/choose.h chooses.  */
void brn_spec_init(struct brn_spec *s, const struct brn_bsr *b,
    unsigned epilogue, enum brn_isa isa, const char *compiler);

/* Canonical bytes: little-endian, fixed order, documented in jit/README.md.  */
void brn_spec_encode(const struct brn_spec *s, struct brn_buf *out);
/* Bytes to spec.  The index arrays are allocated in arena.  Everything is
 * checked but whether the kernel fits: brn_kernel_check does that.  EFORMAT,
 * ENOMEM.  */
int brn_spec_decode(const void *p, size_t n, struct brn_arena *arena,
    struct brn_spec *out, burin_error *err);

/* "t1_tile 16x1 768x3072 density 0.05 avx512 bias"; after avx512 the element
 * type if it is not f32.  */
void brn_spec_describe(const struct brn_spec *s, struct brn_buf *out);

#endif
