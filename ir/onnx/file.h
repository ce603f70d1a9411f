/* SPDX-License-Identifier: Apache-2.0
 *
 * Files: a model in memory, external data from its folder, and writing a new
 * file in one step.
 */
#ifndef BRN_ONNX_FILE_H
#define BRN_ONNX_FILE_H

#include "ir/base.h"

/* A file and memory of its own for its bytes: a file that others change or cut
 * cannot crash its reader, and what was checked stays as it was.  */
struct brn_onnx_map {
	void *p;
	size_t n;
	int fd;                 /* -1: the caller's memory, not a file */
};

/* Open a file; its first bytes, BRN_ONNX_HEAD or all, are in memory, the others
 * are 0 until they are read.  EIO, or EFORMAT when it is empty.  */
#define BRN_ONNX_HEAD 4096
int brn_onnx_map(const char *path, struct brn_onnx_map *out,
    burin_error *err);
void brn_onnx_unmap(struct brn_onnx_map *m);

/* Read the bytes [from, to) of the file, all of them with brn_onnx_map_all.
 * EIO, also for a file that has become shorter; what starts the message.  */
int brn_onnx_map_fill(const struct brn_onnx_map *m, size_t from, size_t to,
    const char *what, burin_error *err);
int brn_onnx_map_all(const struct brn_onnx_map *m, const char *what,
    burin_error *err);

/* Free the memory of a file; its bytes are 0 from here on.  */
void brn_onnx_map_drop(const struct brn_onnx_map *m);

/* Copy n bytes at from, which is in the map, to buf; of a file from the file.
 * EIO; what starts the message.  */
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
