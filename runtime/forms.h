/* SPDX-License-Identifier: Apache-2.0
 *
 * The form of a step: the first row of runtime/native/forms.def that takes it,
 * an alias, or the op's ref, which takes all.
 */
#ifndef BRN_FORMS_H
#define BRN_FORMS_H

#include "runtime/native/native.h"

/* For c as brn_takes_fn has it; never NULL.  */
const struct brn_form *brn_form_find(enum brn_isa isa,
    const struct brn_call *c);

/* All forms of that instruction set, one after the other, those of layers and
 * the alias and the ref included; NULL behind the last.  */
const struct brn_form *brn_form_at(enum brn_isa isa, int i);

#endif
