/* SPDX-License-Identifier: Apache-2.0
 *
 * Zeros where a pruned BERT-base has them: 32x32 blocks, pruned while it was
 * fine-tuned on SQuAD until 82 % of the weights of its layers were gone, as
 * measured layer by layer.  Whole heads are gone from attention.  Which blocks
 * and heads it is, the seed decides.
 */
#ifndef MASKS_H
#define MASKS_H

#include <stdint.h>

/* Where the heads of a weight are: its output features, its input features, or
 * nowhere.  */
enum masks_kind { MASKS_OUT, MASKS_IN, MASKS_FFN };

/* Other numbers of layers and heads than 12 get their share.  */
struct masks {
	int layers, heads;
	uint64_t seed;
	uint64_t state;         /* the seed at first, but not 0 */
};

/* Zero what is pruned in w [in][out], a weight of that layer.  */
void masks_apply(struct masks *m, int layer, enum masks_kind kind, float *w,
    int64_t in, int64_t out);

#endif
