/* SPDX-License-Identifier: Apache-2.0
 *
 * ONNX models as text, for tables of cases.  One statement a line:
 *
 *	opset 13
 *	opset 1 com.microsoft
 *	input x float [batch,?,8]
 *	output y                        (or with type and shape like an input)
 *	init w float [2,2] raw 1 2 3 4
 *	init w float16 [1] typed 0x3c00
 *	init w float [4] extern location=w.bin offset=16
 *	sparse s float [2,3] 5 6 at [2,2] 0 1 1 2
 *	node y,mask = Dropout(x,,t) name=drop ratio=0.5f axes=[1,2]
 *	node c = Constant() value=int64[2]{3 4}
 *	node c = Constant() value_floats=[1f,2.5f] approximate='tanh'
 *	node y = RNN(x,w,r) activations=['Relu','Tanh']
 *	node e = com.microsoft.Gelu(x)
 *	function y = local.Twice(x,b)   (the nodes that follow are its)
 *	node y = Gemm(x,b) alpha=$a     (attribute a of the caller)
 *	end
 *	graph g                         (the statements that follow are its)
 *	end
 *	node y = If(c) then_branch=@g else_branch=@h
 *
 * f16 and bf16 are bit patterns.  A mistake in the text aborts.
 */
#ifndef ONNX_TEXT_H
#define ONNX_TEXT_H

#include <stddef.h>
#include <stdint.h>

#include "ir/onnx/import.h"
#include "ir/onnx/onnx.pb-c.h"

/* Freed with onnx__model_proto__free_unpacked(m, NULL).  */
Onnx__ModelProto *onnx_text_model(const char *text);
/* Serialised, to be freed.  */
uint8_t *onnx_text_pack(const Onnx__ModelProto *m, size_t *n);
uint8_t *onnx_text_bytes(const char *text, size_t *n);
void onnx_text_write(const char *text, const char *path);

/* Import text under the name "m"; external data from dir.  */
int onnx_text_import(const char *text, const char *dir, int keep,
    struct brn_graph **out, burin_error *err);
/* The same of a model that is not text.  */
int onnx_text_import_model(const Onnx__ModelProto *m, struct brn_graph **out,
    burin_error *err);

#endif
