/* SPDX-License-Identifier: Apache-2.0
 *
 * Attention on tiles that are narrow or cross batches
 * (runtime/native/layout.h).
 * The form of attention.c calls it for these.
 */
#ifndef BRN_ATTENTION_FEW_H
#define BRN_ATTENTION_FEW_H

#include "runtime/native/isa.h"

/* Are there such tiles among those of c's operands?  */
brn_takes_fn BRN_FOR_ISA(brn_is_few_attention);
/* Floats a thread.  */
int64_t BRN_FOR_ISA(brn_few_attention_room)(const struct brn_call *c);
brn_form_fn BRN_FOR_ISA(brn_few_attention);

#endif
