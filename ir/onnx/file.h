/* SPDX-License-Identifier: Apache-2.0
 *
 * Files: a model as a mapping, external data from its folder, and writing a new
 * file in one step.
 */
#ifndef BRN_ONNX_FILE_H
#define BRN_ONNX_FILE_H

#include "ir/base.h"

struct brn_onnx_map {
	void *p;
	size_t n;
	int fd;                 /* -1: the caller's memory, not a file */
};

/* The file read-only in memory; it must not be cut while it is.  EIO, or
 * EFORMAT when it is empty.  */
int brn_onnx_map(const char *path, struct brn_onnx_map *out,
    burin_error *err);
void brn_onnx_unmap(struct brn_onnx_map *m);

/* Unmap the pages of a file that were read; reading maps them again.  Around
 * each one the kernel maps what it has, of a file just written all of it.  */
void brn_onnx_map_rest(const struct brn_onnx_map *m);

/* Copy n bytes at from, which is in the map, to buf; of a file without mapping
 * its pages.  EIO; what starts the message.  */
int brn_onnx_map_copy(const struct brn_onnx_map *m, const void *from,
    size_t n, const char *what, void *buf, burin_error *err);

/* The folder of a path, to be freed; NULL: no memory.  */
char *brn_onnx_folder(const char *path);

/* A piece of a file below dir: location is relative, holds no "..", and no
 * part of it is a symbolic link.  With blobs, of the one with that name.  */
struct brn_onnx_extern {
	const char *dir, *location;
	const burin_blob *blob;         /* [nblob], or NULL */
	size_t nblob;
	uint64_t offset;
	size_t size;
};

/* Read it; *out is from brn_alloc_aligned and the caller's.  what starts the
 * message.  EFORMAT, EIO.  */
int brn_onnx_extern_read(const struct brn_onnx_extern *x, const char *what,
    void **out, burin_error *err);

/* Write n bytes to a new file beside path, then rename it to path.  */
int brn_onnx_replace(const char *path, const void *p, size_t n,
    burin_error *err);

#endif
