/* SPDX-License-Identifier: Apache-2.0
 *
 * Writes the models of this folder: make FOLDER.  Small, so that tests can
 * damage each of their bytes; between them they have every operator, type,
 * and way to store that the importer knows.
 */
#include "tests/support/onnx_text.h"

#include <stdio.h>

static const struct {
	const char *name, *text;
} models[] = {
{ "forms_9.onnx",
	"opset 9\n"
	"input x float [batch,4]\ninput w float [4,4]\noutput y\noutput z\n"
	"init w float [4,4] raw 1 0 0 2 0 0 3 0 4 0 0 0 0 5 0 6\n"
	"init b float [4] typed 1 2 3 4\n"
	"node g = Gemm(x,w,b) transB=1 alpha=0.5f\n"
	"node d,m = Dropout(g) ratio=0.1f\n"
	"node u = Unsqueeze(d) axes=[0]\nnode s = Squeeze(u) axes=[0]\n"
	"node c = Slice(s) starts=[0] ends=[2] axes=[1]\n"
	"node k = Clip(c) min=0f max=6f\n"
	"node f = Softmax(k) axis=1\n"
	"node r = ReduceMean(f) axes=[1] keepdims=0\n"
	"node p,q = Split(g) axis=1 split=[1,3]\n"
	"node y = Mul(r,r)\nnode z = Concat(p,q) axis=1\n" },
{ "forms_21.onnx",
	"opset 21\n"
	"input x float [?,4]\ninput i int64 [n]\noutput y float [?,4]\n"
	"init axes int64 [1] raw 1\ninit two int64 [1] typed 2\n"
	"init zero int64 [1] raw 0\ninit ones float [4] raw 1 1 1 1\n"
	"node l = LayerNormalization(x,ones,) epsilon=0.01f\n"
	"node g = Gelu(l) approximate='tanh'\n"
	"node a,b = Split(g) axis=1 num_outputs=2\n"
	"node c = Concat(b,a) axis=-1\nnode r = ReduceSum(c,axes)\n"
	"node s = Shape(x) start=0 end=1\nnode o = ConstantOfShape(s) "
	"value=float[1]{1}\nnode u = Unsqueeze(o,axes)\n"
	"node t = Transpose(u) perm=[0,1]\nnode v = Slice(t,zero,two,axes,)\n"
	"node e = Expand(v,s)\nnode h = Reshape(v,s) allowzero=0\n"
	"node k = Cast(i) to=1\nnode j = Gather(x,i) axis=0\n"
	"node q = Range(two,two,two)\nnode w = Equal(j,c)\n"
	"node n = Not(w)\nnode p = Where(n,c,r)\n"
	"node cs = CumSum(p,axes) reverse=1\nnode mx = Max(cs,p,c)\n"
	"node cl = Clip(mx,,r)\nnode sm = Softmax(cl)\n"
	"node y = Pow(sm,sm)\n" },
{ "tensors.onnx",
	"opset 13\noutput a\n"
	"init a float [2] raw 1 2\ninit b float [2,1] typed 1 2\n"
	"init c float16 [2] raw 0x3c00 1\ninit d float16 [1] typed 0x7c00\n"
	"init e bfloat16 [1] raw 0x3f80\ninit f double [2] raw 1e300 0.5\n"
	"init g double [1] typed 3\ninit h int32 [2] raw 1 -1\n"
	"init i int32 [2] typed 1 -1\ninit j int64 [2] raw 1 -1\n"
	"init k int64 [2] typed 1 -1\ninit l bool [2] raw 1 0\n"
	"init m bool [2] typed 1 0\ninit n float [0,3] raw\n"
	"init o float [] typed 7\n"
	"init p float [4] extern location=external.bin offset=0 length=16\n"
	"init q int32 [2] extern location=external.bin offset=8\n"
	"sparse r float [2,3] 5 6 at [2,2] 0 1 1 2\n"
	"sparse s int64 [9] 5 6 7 at [3] 0 4 8\n"
	"node t = Constant() value=float[2]{1 2}\n"
	"node u = Constant() value_float=1f\n"
	"node v = Constant() value_floats=[1f,2f]\n"
	"node w = Constant() value_int=1\n"
	"node x = Constant() value_ints=[1,2]\n"
	"node y = Constant() sparse_value=sparse float [4] 1 at [1] 2\n" },
{ "encoder.onnx",
	"opset 14\n"
	"input ids int64 [batch,seq]\ninput mask int64 [batch,seq]\n"
	"output out float [batch,seq,4]\n"
	"init emb float [3,4] raw 1 2 3 4 5 6 7 8 9 1 2 3\n"
	"init wq float [4,4] raw 1 0 0 2 0 0 3 0 4 0 0 0 0 5 0 6\n"
	"init bq float [4] raw 1 2 3 4\ninit one float [] raw 1\n"
	"init two float [] raw 2\ninit big float [] raw -10000\n"
	"init eps float [] raw 1e-5\ninit half float [] raw 0.5\n"
	"init at1 int64 [1] raw 1\ninit at2 int64 [1] raw 2\n"
	"init zero int64 [] raw 0\ninit last int64 [1] raw -1\n"
	"node x = Gather(emb,ids)\n"
	"node m1 = Unsqueeze(mask,at1)\nnode m2 = Unsqueeze(m1,at2)\n"
	"node m3 = Cast(m2) to=1\nnode m4 = Sub(one,m3)\n"
	"node m5 = Mul(m4,big)\n"
	"node s = Shape(x)\nnode b = Gather(s,zero)\n"
	"node b1 = Unsqueeze(b,last)\n"
	"node hd = Concat(b1,last,at2,at2) axis=0\n"
	"node q0 = MatMul(x,wq)\nnode q1 = Add(bq,q0)\n"
	"node q2 = Reshape(q1,hd)\nnode q = Transpose(q2) perm=[0,2,1,3]\n"
	"node k = Transpose(q2) perm=[0,2,3,1]\nnode a0 = MatMul(q,k)\n"
	"node a1 = Div(a0,two)\nnode a2 = Add(a1,m5)\n"
	"node a = Softmax(a2) axis=-1\nnode c0 = MatMul(a,q)\n"
	"node c1 = Transpose(c0) perm=[0,2,1,3]\n"
	"node c = Reshape(c1,s)\nnode r = Add(c,x)\n"
	"node u = ReduceMean(r) axes=[-1]\nnode d = Sub(r,u)\n"
	"node d2 = Pow(d,two)\nnode v = ReduceMean(d2) axes=[-1]\n"
	"node ve = Add(v,eps)\nnode vs = Sqrt(ve)\nnode n = Div(d,vs)\n"
	"node l0 = Mul(n,bq)\nnode l = Add(l0,bq)\n"
	"node g0 = Div(l,two)\nnode g1 = Erf(g0)\nnode g2 = Add(g1,one)\n"
	"node g3 = Mul(l,g2)\nnode out = Mul(g3,half)\n" },
{ "recurrent.onnx",
	"opset 14\ninput x float [steps,batch,3]\noutput y\noutput h\n"
	"init w float [2,6,3] raw 1 0 2 0 3 0 4 0 5 0 6 0 0 1 0 2 0 3 "
	"0 0 1 2 3 4 0 0 5 6 7 8 1 0 0 2 3 4\n"
	"init r float [2,6,2] raw 1 2 3 4 0 0 5 6 0 0 7 8 "
	"0 1 0 2 3 0 4 0 0 5 6 0\n"
	"node y,h = GRU(x,w,r) name='gru' direction='bidirectional' "
	"hidden_size=2\n" },
{ "unsupported.onnx",
	"opset 17\nopset 1 com.microsoft\n"
	"input x float [2]\ninput u uint8 [2]\noutput y\n"
	"init q int8 [2] raw 1 -1\ninit t bool [] raw 1\n"
	"init s int64 [1] raw 2\n"
	"function z = local.F(r)\nnode z = Rocket(r)\nend\nopset 1 local\n"
	"node a,b = com.microsoft.Rockets(x,,x) size=3\n"
	"node c = local.F(a)\nnode d = Relu(b)\nnode e = Cast(d) to=3\n"
	"node f,m = Dropout(x,,t)\nnode g,h = LayerNormalization(f,x)\n"
	"node i = Constant() value_string='text'\n"
	"node j = ConstantOfShape(s) value=complex64[1]{1}\n"
	"node k = MatMulNBits(u,q)\nnode y = Add(h,k)\n" },
};

int
main(int argc, char **argv)
{
	static const float external[] = { 1, 2, 3, 4 };
	char path[1024];
	FILE *f;

	if (argc != 2)
		return fputs("usage: make FOLDER\n", stderr), 2;
	for (size_t i = 0; i < sizeof models / sizeof *models; i++) {
		snprintf(path, sizeof path, "%s/%s", argv[1], models[i].name);
		onnx_text_write(models[i].text, path);
	}
	snprintf(path, sizeof path, "%s/external.bin", argv[1]);
	f = fopen(path, "wb");
	if (!f || fwrite(external, 1, sizeof external, f) != sizeof external ||
	    fclose(f) != 0)
		return perror(path), 1;
	return 0;
}
