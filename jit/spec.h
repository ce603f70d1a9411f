/* SPDX-License-Identifier: Apache-2.0
 *
 * All that a kernel is specialised on, and nothing else: emitter input == key
 * input.  Weight values are not in it.  Its canonical bytes are what goes to
 * burin-cc, what the key is the hash of, and what the cache entry carries.
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
	unsigned epilogue;              /* BRN_EPI_* */
	int bh, bw;
	int32_t nbrow, nbcol;           /* rows and cols, padded, in blocks */
	int32_t nblk;
	const int32_t *rowptr, *colidx; /* borrowed; see brn_spec_is_full */
	char compiler[BRN_COMPILER_ID_MAX];     /* jit/compiler.h */
	char generator[20];             /* hash of the emitters' sources */
	int32_t grain;                  /* follows from the others */
};

/* Kernels in the order of kernels.def.  */
struct brn_kernel_info {
	const char *name, *what;
	int tier;
	int (*fits)(const struct brn_spec *s);  /* by shape and pattern */
};
extern const struct brn_kernel_info brn_kernels[BRN_NUM_KERNELS];

/* Every block is stored: then the index arrays say nothing more, are not in
 * the canonical bytes, and are NULL after decoding.  */
int brn_spec_is_full(const struct brn_spec *s);

/* Describe the kernel for b here: the first row of kernels.def that fits.
 * Borrows b's index arrays.  compiler "" : only tier T0 fits.  */
void brn_spec_init(struct brn_spec *s, const struct brn_bsr *b,
    unsigned epilogue, enum brn_isa isa, const char *compiler);

/* The kernel of that name instead, if it fits and can be compiled.  */
void brn_spec_prefer(struct brn_spec *s, const char *kernel);

/* Block rows that the kernel takes only together: calls are cut at multiples
 * of it.  Of a spec that was made by the functions here.  */
int brn_spec_grain(const struct brn_spec *s);

/* Why no kernel of a higher tier is made, though one would suit: its code and
 * the time to make it would be too much.  NULL: none would.  */
const char *brn_spec_limit(const struct brn_spec *s);

/* Canonical bytes: little-endian, fixed order, documented in jit/README.md.  */
void brn_spec_encode(const struct brn_spec *s, struct brn_buf *out);
/* The other way.  The index arrays are allocated in arena; everything is
 * checked.  EFORMAT.  */
int brn_spec_decode(const void *p, size_t n, struct brn_arena *arena,
    struct brn_spec *out, burin_error *err);

/* "t1_tile 16x1 768x3072 density 0.05 avx512 bias" */
void brn_spec_describe(const struct brn_spec *s, struct brn_buf *out);

#endif
