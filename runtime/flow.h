/* SPDX-License-Identifier: Apache-2.0
 *
 * Running the bodies of If, Loop and Scan by plans of their own.
 */
#ifndef BRN_RUNTIME_FLOW_H
#define BRN_RUNTIME_FLOW_H

#include "runtime/native/native.h"

/* A form of nodes with bodies; the step keeps the plans of each body, by the
 * types of its inputs.  */
brn_form_fn brn_run_bodies;

#endif
