/* SPDX-License-Identifier: Apache-2.0
 *
 * Masks with the sparsity, layer by layer, of a published BERT-base that was
 * pruned in 32x32 blocks while it was fine-tuned on SQuAD: 82 % of the weights
 * of its layers are zero, and whole heads are pruned from attention.  The seed
 * decides which blocks and heads are pruned.
 */
#ifndef MASKS_H
#define MASKS_H

#include <stdint.h>

/* Which features of a weight are divided into heads: the output features, the
 * input features, or none.  */
enum masks_kind { MASKS_OUT, MASKS_IN, MASKS_FFN };

/* layers and heads other than 12 get proportional numbers.  */
struct masks {
	int layers, heads;
	uint64_t seed;
	uint64_t state;         /* of the generator; starts as seed, not 0 */
};

/* Set the pruned elements of w [in][out], a weight of the layer, to 0.  */
void masks_apply(struct masks *m, int layer, enum masks_kind kind, float *w,
    int64_t in, int64_t out);

#endif
