/* SPDX-License-Identifier: Apache-2.0
 *
 * Load a model and report to stderr: progress while kernels compile, each
 * unsupported operator on a line, a note if kernels could not be compiled.
 */
#ifndef LOAD_H
#define LOAD_H

#include "tools/cli.h"

/* CLI_GO and a model in *out, or the exit status.  */
int load_model(struct cli *c, const char *path, burin_model **out);

#endif
