/* SPDX-License-Identifier: Apache-2.0
 *
 * Loading a model as a user wants to see it: progress while kernels compile,
 * every unsupported operator on its own line, a note when kernels failed.
 */
#ifndef LOAD_H
#define LOAD_H

#include "tools/cli.h"

/* An enum cli_exit, CLI_GO when *out is a model.  */
int load_model(struct cli *c, const char *path, burin_model **out);

#endif
