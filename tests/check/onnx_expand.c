/* SPDX-License-Identifier: Apache-2.0
 *
 * ONNX operators that become several nodes, functions, and If: a model with
 * them computes what the model written out computes.
 */
#include "ir/graph/iter.h"
#include "ir/op/ref.h"
#include "tests/support/onnx_text.h"

#include "tests/support/suite.h"

#include <string.h>

#define MS "com.microsoft."

/* Both are behind the same lines, head.  */
static const struct pair {
	const char *fact, *head, *short_, *long_;
} pairs[] = {

/* ---- what ONNX Runtime's optimizer writes ---- */

{ "Gelu", "input x float [2,3]\noutput y\n",
  "node y = " MS "Gelu(x)", "node y = Gelu(x)" },
{ "BiasGelu", "input x float [2,3]\ninput b float [3]\noutput y\n",
  "node y = " MS "BiasGelu(x,b)",
  "node s = Add(x,b)\nnode y = Gelu(s)" },
{ "FastGelu", "input x float [2,3]\noutput y\n",
  "node y = " MS "FastGelu(x)", "node y = Gelu(x) approximate='tanh'" },
{ "FastGelu with a bias",
  "input x float [2,3]\ninput b float [3]\noutput y\n",
  "node y = " MS "FastGelu(x,b)",
  "node s = Add(x,b)\nnode y = Gelu(s) approximate='tanh'" },
{ "QuickGelu", "input x float [2,3]\noutput y\ninit a float [] raw 1.702\n",
  "node y = " MS "QuickGelu(x)", "node t = Mul(x,a)\n"
  "node s = Sigmoid(t)\nnode y = Mul(x,s)" },
{ "QuickGelu with alpha",
  "input x float [2,3]\noutput y\ninit a float [] raw 2\n",
  "node y = " MS "QuickGelu(x) alpha=2f", "node t = Mul(x,a)\n"
  "node s = Sigmoid(t)\nnode y = Mul(x,s)" },
{ "SkipLayerNormalization",
  "input x float [2,2,3]\ninput s float [2,2,3]\ninput g float [3]\n"
  "input b float [3]\ninput c float [3]\noutput y\noutput z\n",
  "node y,,,z = " MS "SkipLayerNormalization(x,s,g,b,c) epsilon=0.1f",
  "node t = Add(x,c)\nnode z = Add(t,s)\n"
  "node y = LayerNormalization(z,g,b) epsilon=0.1f" },
{ "SkipLayerNormalization without beta and bias",
  "input x float [2,3]\ninput s float [2,3]\ninput g float [3]\noutput y\n",
  "node y = " MS "SkipLayerNormalization(x,s,g)",
  "node z = Add(x,s)\nnode y = LayerNormalization(z,g) epsilon=1e-12f" },
{ "SimplifiedLayerNormalization",
  "input x float [2,3]\ninput g float [3]\noutput y\n"
  "init e float [] raw 0.25\ninit a int64 [1] raw -1\n",
  "node y = SimplifiedLayerNormalization(x,g) epsilon=0.25f axis=-1",
  "node q = Mul(x,x)\nnode m = ReduceMean(q,a)\nnode n = Add(m,e)\n"
  "node r = Sqrt(n)\nnode d = Div(x,r)\nnode y = Mul(d,g)" },
{ "SkipSimplifiedLayerNormalization",
  "input x float [2,3]\ninput s float [2,3]\ninput g float [3]\n"
  "input b float [3]\noutput y\noutput z\n",
  "node y,,,z = " MS "SkipSimplifiedLayerNormalization(x,s,g,b)"
  " epsilon=0.5f",
  "node t = Add(s,b)\nnode z = Add(x,t)\n"
  "node y = SimplifiedLayerNormalization(z,g) epsilon=0.5f" },
{ "FusedMatMul", "input a float [2,4,3]\ninput b float [2,5,4]\noutput y\n"
  "init k float [] raw 0.5\n",
  "node y = " MS "FusedMatMul(a,b) transA=1 transB=1 alpha=0.5f",
  "node s = Transpose(a) perm=[0,2,1]\nnode t = Transpose(b) perm=[0,2,1]\n"
  "node m = MatMul(s,t)\nnode y = Mul(m,k)" },
{ "FusedGemm", "input a float [4,2]\ninput b float [4,3]\n"
  "input c float [3]\noutput y\n",
  "node y = " MS "FusedGemm(a,b,c) transA=1 alpha=2f activation='Relu'",
  "node g = Gemm(a,b,c) transA=1 alpha=2f\nnode y = Relu(g)" },

#define QKV \
  "input x float [2,3,8]\ninput w float [8,24]\ninput b float [24]\noutput y\n"
#define SPLIT_QKV \
  "init n int64 [3] raw 8 8 8\nnode p = MatMul(x,w)\nnode pb = Add(p,b)\n" \
  "node q,k,v = Split(pb,n) axis=2\n" \
  "init h int64 [4] raw 0 0 2 4\ninit j int64 [3] raw 0 0 8\n" \
  "node q4 = Reshape(q,h)\nnode k4 = Reshape(k,h)\nnode v4 = Reshape(v,h)\n" \
  "node qt = Transpose(q4) perm=[0,2,1,3]\n" \
  "node kt = Transpose(k4) perm=[0,2,3,1]\n" \
  "node vt = Transpose(v4) perm=[0,2,1,3]\n"
#define ATTEND(scores) \
  "node pr = Softmax(" scores ") axis=-1\nnode o = MatMul(pr,vt)\n" \
  "node ot = Transpose(o) perm=[0,2,1,3]\nnode y = Reshape(ot,j)\n"
#define SCORES "init e float [] raw 0.5\nnode s = MatMul(qt,kt)\n" \
  "node t = Mul(s,e)\n"

{ "Attention", QKV, "node y = " MS "Attention(x,w,b) num_heads=2",
  SPLIT_QKV SCORES ATTEND("t") },
{ "Attention with a mask", QKV "input m int32 [2,3]\n",
  "node y = " MS "Attention(x,w,b,m) num_heads=2",
  SPLIT_QKV SCORES "init z int32 [] raw 0\ninit f float [] raw 0\n"
  "init l float [] raw -10000\ninit ax int64 [2] raw 1 2\n"
  "node g = Greater(m,z)\nnode gu = Unsqueeze(g,ax)\n"
  "node mm = Where(gu,f,l)\nnode u = Add(t,mm)\n" ATTEND("u") },
{ "Attention with lengths", QKV "init m int32 [2] raw 2 3\n",
  "node y = " MS "Attention(x,w,b,m) num_heads=2",
  SPLIT_QKV SCORES "init mm float [2,1,1,3] raw 0 0 -10000 0 0 0\n"
  "node u = Add(t,mm)\n" ATTEND("u") },
{ "Attention that looks back", QKV,
  "node y = " MS "Attention(x,w,b) num_heads=2 unidirectional=1",
  SPLIT_QKV SCORES
  "init mm float [3,3] raw 0 -1e38 -1e38 0 0 -1e38 0 0 0\n"
  "node u = Add(t,mm)\n" ATTEND("u") },
{ "Attention with a scale, a bias on the scores and another mask",
  QKV "input a float [1,2,3,3]\ninput m int32 [2,3,3]\n",
  "node y = " MS "Attention(x,w,b,m,,a) num_heads=2 scale=0.25f "
  "mask_filter_value=-7f",
  SPLIT_QKV "init e float [] raw 0.25\nnode s = MatMul(qt,kt)\n"
  "node t = Mul(s,e)\ninit z int32 [] raw 0\ninit f float [] raw 0\n"
  "init l float [] raw -7\ninit ax int64 [1] raw 1\n"
  "node g = Greater(m,z)\nnode gu = Unsqueeze(g,ax)\n"
  "node mm = Where(gu,f,l)\nnode ta = Add(t,a)\nnode u = Add(ta,mm)\n"
  ATTEND("u") },
{ "Attention with a past and ends and starts of keys",
  QKV "input p float [2,2,2,4,4]\ninit m int32 [4] raw 7 6 0 2\n",
  "node y,z = " MS "Attention(x,w,b,m,p) num_heads=2 unidirectional=1\n"
  "output z",
  "init n int64 [3] raw 8 8 8\nnode d = MatMul(x,w)\nnode e = Add(d,b)\n"
  "node q,k,v = Split(e,n) axis=2\n"
  "init a float [2,1,1,7] raw 0 0 0 0 0 0 0 -10000 -10000 0 0 0 0 -10000\n"
  "init i int64 [] raw 0\ninit j int64 [] raw 1\n"
  "node pk = Gather(p,i)\nnode pv = Gather(p,j)\n"
  "node y,zk,zv = Attention(q,k,v,a,pk,pv) is_causal=1 q_num_heads=2 "
  "kv_num_heads=2\ninit ax int64 [1] raw 0\nnode uk = Unsqueeze(zk,ax)\n"
  "node uv = Unsqueeze(zv,ax)\nnode z = Concat(uk,uv) axis=0\noutput z" },
{ "GroupQueryAttention with a window and sinks",
  "input q float [1,2,8]\ninput k float [1,2,4]\ninput v float [1,2,4]\n"
  "input pk float [1,1,3,4]\ninput pv float [1,1,3,4]\n"
  "init l int32 [1] raw 4\ninit t int32 [] raw 5\noutput y\n",
  "init s float [2] raw -100 -200\nnode y = " MS
  "GroupQueryAttention(q,k,v,pk,pv,l,t,,,,,s) num_heads=2 kv_num_heads=1 "
  "local_window_size=3",
  "node y = Attention(q,k,v,,pk,pv) is_causal=1 q_num_heads=2 "
  "kv_num_heads=1 left_window_size=2" },
{ "MultiHeadAttention",
  "input q float [2,3,8]\ninput k float [2,5,8]\ninput v float [2,5,4]\n"
  "input b float [20]\noutput y\ninit n int64 [3] raw 8 8 4\n",
  "node y = " MS "MultiHeadAttention(q,k,v,b) num_heads=2",
  "node bq,bk,bv = Split(b,n)\nnode qb = Add(q,bq)\nnode kb = Add(k,bk)\n"
  "node vb = Add(v,bv)\ninit h int64 [4] raw 0 0 2 4\n"
  "init hv int64 [4] raw 0 0 2 2\ninit j int64 [3] raw 0 0 4\n"
  "node q4 = Reshape(qb,h)\nnode k4 = Reshape(kb,h)\n"
  "node v4 = Reshape(vb,hv)\nnode qt = Transpose(q4) perm=[0,2,1,3]\n"
  "node kt = Transpose(k4) perm=[0,2,3,1]\n"
  "node vt = Transpose(v4) perm=[0,2,1,3]\n" SCORES ATTEND("t") },
{ "MultiHeadAttention with a mask of keys",
  "input q float [2,3,8]\ninput k float [2,5,8]\ninput v float [2,5,8]\n"
  "input m bool [2,5]\noutput y\n",
  "node y = " MS "MultiHeadAttention(q,k,v,,m) num_heads=2",
  "init h int64 [4] raw 0 0 2 4\ninit j int64 [3] raw 0 0 8\n"
  "node q4 = Reshape(q,h)\nnode k4 = Reshape(k,h)\nnode v4 = Reshape(v,h)\n"
  "node qt = Transpose(q4) perm=[0,2,1,3]\n"
  "node kt = Transpose(k4) perm=[0,2,3,1]\n"
  "node vt = Transpose(v4) perm=[0,2,1,3]\n" SCORES
  "init f float [] raw 0\ninit l float [] raw -10000\n"
  "init ax int64 [2] raw 1 2\nnode gu = Unsqueeze(m,ax)\n"
  "node mm = Where(gu,f,l)\nnode u = Add(t,mm)\n" ATTEND("u") },
#define Q "input x uint8 [1,2,3,3]\ninput y uint8 [1,2,3,3]\n" \
	"init t float [] raw 0.25\ninit z uint8 [] raw 100\n" \
	"init u float [] raw 0.5\n"
#define EMBED \
  "input i int32 [2,3]\ninput t int32 [2,3]\ninput w float [8,4]\n" \
  "input p float [5,4]\ninput s float [8,4]\ninput g float [4]\n" \
  "input b float [4]\noutput y\n"
{ "EmbedLayerNormalization",
  EMBED "input m int32 [2,3]\noutput n\noutput z\n",
  "node y,n,z = " MS "EmbedLayerNormalization(i,t,w,p,s,g,b,m)"
  " epsilon=0.1f",
  "node e = Gather(w,i)\ninit r int64 [3] raw 0 1 2\nnode f = Gather(p,r)\n"
  "node d = Add(e,f)\nnode c = Gather(s,t)\nnode z = Add(d,c)\n"
  "node y = LayerNormalization(z,g,b) epsilon=0.1f\n"
  "init a int64 [1] raw 1\nnode n = ReduceSum(m,a) keepdims=0" },
{ "EmbedLayerNormalization with positions", EMBED "input o int32 [2,3]\n",
  "init seg float [0] raw\n"
  "node y = " MS "EmbedLayerNormalization(i,,w,p,,g,b,,o)",
  "init seg float [0] raw\n"
  "node e = Gather(w,i)\nnode f = Gather(p,o)\nnode z = Add(e,f)\n"
  "node y = LayerNormalization(z,g,b) epsilon=1e-12f" },

/* ---- small integers ---- */

{ "DynamicQuantizeLinear", "input x float [2,5]\noutput y\noutput s\n"
  "output z\ninit o float [] raw 0\ninit c float [] raw 255\n"
  "init u uint8 [] raw 0\n",
  "node y,s,z = DynamicQuantizeLinear(x)",
  "node a = ReduceMin(x) keepdims=0\nnode b = ReduceMax(x) keepdims=0\n"
  "node lo = Min(a,o)\nnode hi = Max(b,o)\nnode r = Sub(hi,lo)\n"
  "node s = Div(r,c)\nnode n = Sub(o,lo)\nnode z = QuantizeLinear(n,s,u)\n"
  "node y = QuantizeLinear(x,s,z)" },
{ "DynamicQuantizeLinear of zeros",
  "input i float [2]\noutput s\noutput z\ninit o float [] raw 0\n",
  "node x = Mul(i,o)\nnode y,s,z = DynamicQuantizeLinear(x)",
  "init s float [] raw 1\ninit z uint8 [] raw 0" },
{ "MatMulInteger", "input a uint8 [2,3,4]\ninput b int8 [4,5]\n"
  "input p uint8 [3]\ninput q int8 [5]\noutput y\n",
  "node y = MatMulInteger(a,b,p,q)",
  "node ai = Cast(a) to=6\nnode bi = Cast(b) to=6\nnode pi = Cast(p) to=6\n"
  "node qi = Cast(q) to=6\ninit c int64 [2] raw 3 1\n"
  "node pc = Reshape(pi,c)\nnode as = Sub(ai,pc)\nnode bs = Sub(bi,qi)\n"
  "node y = MatMul(as,bs)" },
{ "MatMulInteger without zero points",
  "input a int8 [3,4]\ninput b uint8 [4,5]\noutput y\n",
  "node y = MatMulInteger(a,b)",
  "node ai = Cast(a) to=6\nnode bi = Cast(b) to=6\nnode y = MatMul(ai,bi)" },
{ "QLinearMatMul", "input a uint8 [2,4]\ninput b int8 [4,3]\noutput y\n"
  "init as float [] raw 0.5\ninit az uint8 [] raw 3\n"
  "init bs float [3] raw 1 2 3\ninit bz int8 [3] raw 0 1 0\n"
  "init ys float [] raw 4\ninit yz uint8 [] raw 100\n",
  "node y = QLinearMatMul(a,as,az,b,bs,bz,ys,yz)",
  "node ar = DequantizeLinear(a,as,az)\n"
  "node br = DequantizeLinear(b,bs,bz) axis=1\nnode m = MatMul(ar,br)\n"
  "node y = QuantizeLinear(m,ys,yz)" },

{ "DynamicQuantizeMatMul", "input x float [2,4]\ninput w int8 [4,3]\n"
  "output y\ninit s float [3] raw 1 2 3\ninit z int8 [3] raw 0 1 0\n"
  "init b float [3] raw 1 2 3\n",
  "node y = " MS "DynamicQuantizeMatMul(x,w,s,z,b)",
  "node q,qs,qz = DynamicQuantizeLinear(x)\n"
  "node d = DequantizeLinear(q,qs,qz)\n"
  "node v = DequantizeLinear(w,s,z) axis=1\nnode m = MatMul(d,v)\n"
  "node y = Add(m,b)" },
{ "MatMulIntegerToFloat", "input a uint8 [2,4]\ninput b int8 [4,3]\n"
  "output y\ninit as float [] raw 0.5\ninit bs float [3] raw 1 2 3\n"
  "init az uint8 [] raw 3\n",
  "node y = " MS "MatMulIntegerToFloat(a,b,as,bs,az)",
  "node ar = DequantizeLinear(a,as,az)\n"
  "node br = DequantizeLinear(b,bs) axis=1\nnode y = MatMul(ar,br)" },
{ "QGemm", "input a uint8 [2,4]\ninput b int8 [3,4]\ninput c int32 [3]\n"
  "output y\ninit as float [] raw 0.5\ninit az uint8 [] raw 3\n"
  "init bs float [3] raw 1 2 3\ninit bz int8 [3] raw 0 1 0\n"
  "init ys float [] raw 4\ninit yz uint8 [] raw 100\n",
  "node y = " MS "QGemm(a,as,az,b,bs,bz,c,ys,yz) transB=1 alpha=2f",
  "node ar = DequantizeLinear(a,as,az)\n"
  "node br = DequantizeLinear(b,bs,bz) axis=0\nnode cf = Cast(c) to=1\n"
  "init s float [3] raw 1 2 3\nnode d = Mul(cf,s)\n"
  "node m = Gemm(ar,br,d) transB=1 alpha=2f\n"
  "node y = QuantizeLinear(m,ys,yz)" },
{ "QGemm to floats", "input a uint8 [2,4]\ninput b int8 [4,3]\noutput y\n"
  "init as float [] raw 0.5\ninit bs float [3] raw 1 2 3\n",
  "node y = " MS "QGemm(a,as,,b,bs,)",
  "node ar = DequantizeLinear(a,as)\n"
  "node br = DequantizeLinear(b,bs) axis=1\nnode y = MatMul(ar,br)" },
{ "QAttention", "input x uint8 [2,3,4]\ninput w int8 [4,12]\n"
  "input b float [12]\ninput m int32 [2,3]\noutput y\n"
  "init xs float [] raw 0.01\ninit xz uint8 [] raw 3\n"
  "init ws float [] raw 0.02\ninit wz int8 [] raw 1\n",
  "node y = " MS "QAttention(x,w,b,xs,ws,m,xz,wz) num_heads=2",
  "node xr = DequantizeLinear(x,xs,xz)\n"
  "node wr = DequantizeLinear(w,ws,wz)\n"
  "node y = " MS "Attention(xr,wr,b,m) num_heads=2" },
{ "QLinear operators", Q "output a\noutput m\noutput c\noutput s\n",
  "node a = " MS "QLinearAdd(x,t,z,y,t,z,u,z)\n"
  "node m = " MS "QLinearMul(x,t,,y,t,z,u,z)\n"
  "node c = " MS "QLinearConcat(u,z,x,t,z,y,t,z) axis=1\n"
  "node s = " MS "QLinearSoftmax(x,t,z,u,z) axis=1 opset=13",
  "node xr = DequantizeLinear(x,t,z)\nnode yr = DequantizeLinear(y,t,z)\n"
  "node xn = DequantizeLinear(x,t)\n"
  "node af = Add(xr,yr)\nnode a = QuantizeLinear(af,u,z)\n"
  "node mf = Mul(xn,yr)\nnode m = QuantizeLinear(mf,u,z)\n"
  "node cf = Concat(xr,yr) axis=1\nnode c = QuantizeLinear(cf,u,z)\n"
  "node sf = Softmax(xr) axis=1\nnode s = QuantizeLinear(sf,u,z)" },
{ "QLinear activations and pools", Q
  "output a\noutput b\noutput c\noutput d\n",
  "node a = " MS "QLinearSigmoid(x,t,z,u,z)\n"
  "node b = " MS "QLinearLeakyRelu(x,t,z,u,z) alpha=0.2f\n"
  "node c = " MS "QLinearGlobalAveragePool(x,t,z,u,z) channels_last=0\n"
  "node d = " MS "QLinearAveragePool(x,t,z,u,z) kernel_shape=[2,2]",
  "node xr = DequantizeLinear(x,t,z)\n"
  "node af = Sigmoid(xr)\nnode a = QuantizeLinear(af,u,z)\n"
  "node bf = LeakyRelu(xr) alpha=0.2f\nnode b = QuantizeLinear(bf,u,z)\n"
  "node cf = GlobalAveragePool(xr)\nnode c = QuantizeLinear(cf,u,z)\n"
  "node df = AveragePool(xr) kernel_shape=[2,2]\n"
  "node d = QuantizeLinear(df,u,z)" },

/* ---- convolutions ---- */

{ "FusedConv", "input x float [1,2,4,4]\ninput w float [3,2,3,3]\n"
  "input b float [3]\ninput z float [1,3,2,2]\noutput y\n",
  "node y = " MS "FusedConv(x,w,b,z) pads=[1,1,1,1] strides=[2,2]"
  " activation='Relu'",
  "node c = Conv(x,w,b) pads=[1,1,1,1] strides=[2,2]\n"
  "node s = Add(c,z)\nnode y = Relu(s)" },
{ "FusedConv with Clip", "input x float [1,2,4]\ninput w float [3,2,3]\n"
  "output y\n", "node y = " MS "FusedConv(x,w) activation='Clip'"
  " activation_params=[-0.5f,0.5f]",
  "node c = Conv(x,w)\ninit lo float [] raw -0.5\n"
  "init hi float [] raw 0.5\nnode y = Clip(c,lo,hi)" },
{ "ConvInteger", "input x uint8 [1,2,4,4]\ninput w uint8 [3,2,2,2]\n"
  "init z uint8 [] raw 4\ninit v uint8 [3] raw 1 2 3\noutput y\n",
  "node y = ConvInteger(x,w,z,v) pads=[1,0,0,1]",
  "node xf = Cast(x) to=1\nnode wf = Cast(w) to=1\n"
  "init zf float [] raw 4\ninit vf float [3,1,1,1] raw 1 2 3\n"
  "node xs = Sub(xf,zf)\nnode ws = Sub(wf,vf)\n"
  "node c = Conv(xs,ws) pads=[1,0,0,1]\nnode y = Cast(c) to=6" },
{ "QLinearConv", "input x uint8 [1,2,4,4]\ninput w int8 [3,2,2,2]\n"
  "init s float [] raw 0.5\ninit z uint8 [] raw 4\n"
  "init t float [3] raw 1 2 4\ninit u int8 [3] raw 0 0 1\n"
  "init ys float [] raw 8\ninit yz uint8 [] raw 100\n"
  "input b int32 [3]\noutput y\n",
  "node y = QLinearConv(x,s,z,w,t,u,ys,yz,b)",
  "node xr = DequantizeLinear(x,s,z)\n"
  "node wr = DequantizeLinear(w,t,u) axis=0\nnode bf = Cast(b) to=1\n"
  "init bs float [3] raw 0.5 1 2\nnode br = Mul(bf,bs)\n"
  "node c = Conv(xr,wr,br)\nnode y = QuantizeLinear(c,ys,yz)" },

/* ---- functions ---- */

{ "a function", "input x float [3]\ninput w float [3]\noutput y\n"
  "function z = local.Twice(a,b)\nnode t = Add(a,b)\nnode z = Add(t,t)\n"
  "end\n",
  "node u = local.Twice(x,w)\nnode y = local.Twice(u,x)",
  "node t = Add(x,w)\nnode u = Add(t,t)\nnode t2 = Add(u,x)\n"
  "node y = Add(t2,t2)" },
{ "functions in functions, several results",
  "input x float [3]\noutput y\noutput z\n"
  "function p,q = local.Both(a)\nnode p = Neg(a)\nnode q = Exp(a)\nend\n"
  "function s,r = local.Mix(a)\nnode u,v = local.Both(a)\n"
  "node r = Sub(u,v)\nnode s,w = local.Both(r)\nend\n",
  "node y,z = local.Mix(x)",
  "node u = Neg(x)\nnode v = Exp(x)\nnode z = Sub(u,v)\nnode y = Neg(z)" },
{ "attributes of the caller",
  "input x float [2,3]\noutput y\n"
  "function z = local.Soft(a)\nnode z = local.Inner(a) way=$axis\nend\n"
  "function z = local.Inner(a)\nnode z = Softmax(a) axis=$way\nend\n",
  "node y = local.Soft(x) axis=0", "node y = Softmax(x) axis=0" },
{ "an attribute that the caller leaves out",
  "input x float [2,3]\noutput y\n"
  "function z = local.Soft(a)\nnode z = Softmax(a) axis=$axis\nend\n",
  "node y = local.Soft(x)", "node y = Softmax(x)" },
{ "arguments that are left out", "input x float [3]\noutput y\n"
  "init six float [] raw 0.25\n"
  "function z = local.Cut(a,lo,hi)\nnode z = Clip(a,lo,hi)\nend\n",
  "node y = local.Cut(x,,six)", "node y = Clip(x,,six)" },
{ "a function in the place of an operator",
  "input x float [3]\noutput y\n",
  "function z = Relu(a)\nnode z = Neg(a)\nend\nnode y = Relu(x)",
  "node y = Neg(x)" },
{ "constants of a function that is called twice",
  "input x float [3]\noutput y\n",
  "function z = local.Plus(a)\nnode c = Constant() value=float[3]{1 2 3}\n"
  "node z = Add(a,c)\nend\nnode t = local.Plus(x)\nnode y = local.Plus(t)",
  "init c float [3] raw 2 4 6\nnode y = Add(x,c)" },
{ "a function of an older opset", "input x float [2,3]\noutput y\n",
  "function z = local.Flat(a)\nopset 12\nnode z = Softmax(a) axis=0\nend\n"
  "node y = local.Flat(x)\n",
  "init o int64 [1] raw 6\nnode f = Reshape(x,o)\nnode s = Softmax(f)\n"
  "init i int64 [2] raw 2 3\nnode y = Reshape(s,i)" },

/* ---- If ---- */

{ "If that is true", "input x float [3]\ninit c bool [] raw 1\noutput y\n",
  "graph t\nnode p = Neg(x)\noutput p\nend\n"
  "graph e\nnode q = Rocket(x)\noutput q\nend\n"
  "node y = If(c) then_branch=@t else_branch=@e",
  "node y = Neg(x)" },
{ "If that is false, with what is made inside and around",
  "input x float [3]\ninit c bool [1] raw 0\noutput y\n",
  "graph t\nnode p = Rocket(x)\noutput p\nend\n"
  "graph e\ninit two float [] raw 2\nnode r = Mul(s,two)\noutput r\nend\n"
  "node s = Exp(x)\nnode y = If(c) then_branch=@t else_branch=@e",
  "node s = Exp(x)\nnode y = Add(s,s)" },
{ "If on a shape", "input x float [1,3]\noutput y\n",
  "graph t\ninit a int64 [1] raw 0\nnode p = Squeeze(x,a)\noutput p\nend\n"
  "graph e\nnode q = Identity(x)\noutput q\nend\n"
  "node s = Shape(x)\ninit i int64 [] raw 0\nnode d = Gather(s,i)\n"
  "init one int64 [] raw 1\nnode c = Equal(d,one)\n"
  "node y = If(c) then_branch=@t else_branch=@e",
  "init a int64 [1] raw 0\nnode y = Squeeze(x,a)" },
{ "If in If", "input x float [3]\ninit c bool [] raw 1\noutput y\n",
  "graph i\nnode p = Neg(n)\noutput p\nend\n"
  "graph j\nnode q = Rocket(x)\noutput q\nend\n"
  "graph k\nnode r = Rocket(x)\noutput r\nend\n"
  "graph t\nnode n = Exp(x)\n"
  "node o = If(c) then_branch=@i else_branch=@j\noutput o\nend\n"
  "node y = If(c) then_branch=@t else_branch=@k",
  "node n = Exp(x)\nnode y = Neg(n)" },
{ "If in a function, on its argument",
  "input x float [3]\noutput y\ninit c bool [] raw 0\n",
  "graph t\nnode p = Rocket(a)\noutput p\nend\n"
  "graph e\nnode q = Softmax(a) axis=$ax\noutput q\nend\n"
  "function z = local.F(a,b)\n"
  "node z = If(b) then_branch=@t else_branch=@e\nend\n"
  "node y = local.F(x,c) ax=0", "node y = Softmax(x) axis=0" },

/* ---- recurrent ---- */

#define LSTM_HEAD(dirs) \
	"input x float [3,2,2]\ninput h float [" dirs ",2,2]\n" \
	"input c float [" dirs ",2,2]\ninput w float [" dirs ",8,2]\n" \
	"input r float [" dirs ",8,2]\ninput b float [" dirs ",16]\n" \
	"input p float [" dirs ",6]\noutput y\noutput yh\noutput yc\n"
#define PARTS(v) \
	"node " v "0," v "1 = Split(" v ") axis=0 num_outputs=2\n"
{ "an LSTM in both directions is two", LSTM_HEAD("2"),
  "node y,yh,yc = LSTM(x,w,r,b,,h,c,p) direction='bidirectional' "
  "hidden_size=2",
  PARTS("w") PARTS("r") PARTS("b") PARTS("h") PARTS("c") PARTS("p")
  "node f,fh,fc = LSTM(x,w0,r0,b0,,h0,c0,p0)\n"
  "node g,gh,gc = LSTM(x,w1,r1,b1,,h1,c1,p1) direction='reverse'\n"
  "node y = Concat(f,g) axis=1\nnode yh = Concat(fh,gh) axis=0\n"
  "node yc = Concat(fc,gc) axis=0" },
{ "an LSTM with the batch first",
  "input x float [3,2,2]\ninput h float [1,2,2]\ninput c float [1,2,2]\n"
  "input w float [1,8,2]\ninput r float [1,8,2]\n"
  "output y\noutput yh\noutput yc\n",
  "node xt = Transpose(x) perm=[1,0,2]\n"
  "node ht = Transpose(h) perm=[1,0,2]\n"
  "node ct = Transpose(c) perm=[1,0,2]\n"
  "node yt,yht,yct = LSTM(xt,w,r,,,ht,ct) layout=1\n"
  "node y = Transpose(yt) perm=[1,2,0,3]\n"
  "node yh = Transpose(yht) perm=[1,0,2]\n"
  "node yc = Transpose(yct) perm=[1,0,2]",
  "node y,yh,yc = LSTM(x,w,r,,,h,c)" },
{ "without lengths the last h of a GRU is the last y",
  "input x float [3,2,2]\ninput w float [1,6,2]\ninput r float [1,6,2]\n"
  "output y\noutput yh\ninit i int64 [] raw -1\n",
  "node y,yh = GRU(x,w,r)", "node y = GRU(x,w,r)\n"
  "node yh = Gather(y,i) axis=0" },
{ "full lengths are none",
  "input x float [3,2,2]\ninput w float [1,6,2]\ninput r float [1,6,2]\n"
  "output y\noutput yh\ninit n int32 [2] raw 3 3\n",
  "node y,yh = GRU(x,w,r,,n) direction='reverse'",
  "node y,yh = GRU(x,w,r) direction='reverse'" },
{ "the biases of an RNN add up",
  "input x float [3,2,2]\ninput w float [1,2,2]\ninput r float [1,2,2]\n"
  "output y\ninit b float [1,4] raw 1 2 0.5 -1\n"
  "init c float [1,4] raw 0 0 1.5 1\n",
  "node y = RNN(x,w,r,b) activations=['relu']",
  "node y = RNN(x,w,r,c) activations=['Relu','Tanh']" },
{ "parameters go to the activations that have them",
  "input x float [3,2,2]\ninput w float [1,6,2]\ninput r float [1,6,2]\n"
  "output y\n",
  "node y = GRU(x,w,r) activations=['Softsign','HardSigmoid'] "
  "activation_alpha=[0.2f] activation_beta=[0.5f]",
  "node y = GRU(x,w,r) activations=['Softsign','HardSigmoid']" },
{ "DynamicQuantizeLSTM",
  "input x float [3,2,2]\noutput y\noutput yh\noutput yc\n"
  "init w int8 [1,2,4] raw 1 2 -3 4 5 -6 7 9\n"
  "init r int8 [1,1,4] raw 4 -5 6 -8\n"
  "init ws float [1] raw 0.25\ninit wz int8 [1] raw 1\n"
  "init rs float [1,4] raw 0.25 0.5 0.125 0.5\n"
  "init rz int8 [1,4] raw 0 1 2 0\n"
  "init fw float [1,4,2] raw 0 1 0.25 -1.75 -1 1.5 0.75 2\n"
  "init fr float [1,4,1] raw 1 -3 0.5 -4\n",
  "node y,yh,yc = " MS "DynamicQuantizeLSTM(x,w,r,,,,,,ws,wz,rs,rz) "
  "hidden_size=1",
  "node y,yh,yc = LSTM(x,fw,fr)" },
};

enum { MAX_PORTS = 10, OPSET = 20 };

/* A model that was run: types and values of its outputs.  */
struct result {
	struct brn_graph *g;
	struct brn_arena *arena;
	struct brn_tensor out[MAX_PORTS];
};

static void
fill(struct brn_tensor *t, struct brn_arena *a, uint64_t seed)
{
	int64_t n = brn_numel(t);

	t->data = brn_arena_alloc(a, (size_t)n,
	    brn_dtype_size(t->type.dtype));
	ck_assert_ptr_nonnull(t->data);
	for (int64_t i = 0; i < n; i++) {
		if (t->type.dtype == BURIN_F32)
			brn_set_float(t, i, (double)suite_float(&seed));
		else
			brn_set_int(t, i, (int64_t)((uint64_t)i * 7 + seed) %
			    (t->type.dtype == BURIN_BOOL ||
			    t->type.dtype == BURIN_I32 ? 2 : 120));
	}
}

static struct result
run(const char *fact, const char *head, const char *body)
{
	struct result r = { .arena = brn_arena_new() };
	struct brn_tensor in[MAX_PORTS];
	burin_error err = { 0 };
	char text[4096];
	int rc;

	snprintf(text, sizeof text, "opset %d\nopset 1 com.microsoft\n%s%s",
	    OPSET, head, body);
	rc = onnx_text_import(text, NULL, 0, &r.g, &err);
	ck_assert_msg(rc == 0, "%s: %s", fact, err.msg);
	suite_ok(brn_graph_verify(r.g, &err), err);
	ck_assert_int_le(r.g->nin, MAX_PORTS);
	for (int i = 0; i < r.g->nin; i++) {
		in[i].type = r.g->in[i].type;
		fill(&in[i], r.arena, (uint64_t)i + 1);
	}
	rc = brn_ref_graph(r.g, in, r.out, r.arena, &err);
	ck_assert_msg(rc == 0, "%s: %s", fact, err.msg);
	return r;
}

static void
result_free(struct result *r)
{
	brn_graph_free(r->g);
	brn_arena_free(r->arena);
}

static void
check_near(const char *fact, const struct brn_tensor *got,
    const struct brn_tensor *want)
{
	ck_assert_msg(brn_type_equal(&got->type, &want->type),
	    "%s: another type", fact);
	for (int64_t i = 0; i < brn_numel(want); i++) {
		double g = brn_get_float(got, i), w = brn_get_float(want, i);

		ck_assert_msg(fabs(g - w) <= 1e-5 * fmax(1, fabs(w)),
		    "%s: [%d] is %g, wanted %g", fact, (int)i, g, w);
	}
}

START_TEST(short_form_computes_what_the_long_one_does)
{
	const struct pair *p = &pairs[_i];
	struct result got = run(p->fact, p->head, p->short_);
	struct result want = run(p->fact, p->head, p->long_);

	ck_assert_int_eq(got.g->nout, want.g->nout);
	for (int i = 0; i < got.g->nout; i++)
		check_near(p->fact, &got.out[i], &want.out[i]);
	result_free(&got);
	result_free(&want);
}
END_TEST

/* ---- what cannot be ---- */

static const struct fault {
	const char *model;
	int code;
	const char *msg;
} faults[] = {
#define BAD(text, msg) { text, BURIN_EFORMAT, msg },
#define NOT(text, msg) { text, BURIN_EUNSUPPORTED, msg },
#define XY "opset 13\nopset 1 com.microsoft\ninput x float [2]\noutput y\n"
BAD(XY "function z = l.F(a)\nnode z = l.F(a)\nend\nnode y = l.F(x) name=n",
    "m: node 'n/z' (F): the function calls itself")
BAD(XY "function z = l.F(a)\nnode z = l.G(a)\nend\n"
    "function z = l.G(a)\nnode z = l.F(a)\nend\nnode y = l.F(x) name=n",
    "m: node 'n/z/z' (F): the function calls itself")
BAD(XY "function z = l.F(a)\nend\nfunction z = l.F(a)\nend\n"
    "node y = l.F(x)", "m: function 'F' is defined twice")
BAD(XY "function z = l.F(a)\nnode z = Neg(a)\nend\nnode y = l.F(x,x)",
    "m: node 'y' (F): 2 inputs, the function has 1")
BAD(XY "function z = l.F(a)\nnode z = Neg(a)\nend\nnode y,w = l.F(x)",
    "m: node 'y' (F): 2 outputs, its body has 1")
BAD(XY "function z = l.F(a)\nnode w = Neg(a)\nend\nnode y = l.F(x)",
    "m: node 'y' (F): output 'z' of its body is made by nobody")
BAD(XY "function z = l.F(a)\nnode z = Neg(x)\nend\nnode y = l.F(x)",
    "m: node 'y/z' (Neg): input 'x' is made by nobody")
BAD(XY "function z = l.F(a,a)\nnode z = Neg(a)\nend\nnode y = l.F(x)",
    "m: value 'a' is made twice")

#define CELL "opset 14\ninput x float [4,2,3]\noutput y\n" \
    "input w float [1,8,3]\ninput r float [1,8,2]\n" \
    "input r2 float [1,8,3]\ninput b float [1,8]\n" \
    "input p float [2,6]\n" \
    "input w2 float [1,8,4]\ninput w3 float [8,3]\n"
BAD(CELL "node y = LSTM(x,w,r2)",
    "m: node 'y' (LSTM): input 1 (W) is not [1, 12, inputs]")
BAD(CELL "node y = LSTM(x,w,r,b)",
    "m: node 'y' (LSTM): input 3 (B) is not [1, 16]")
BAD(CELL "node y = LSTM(x,w,r,,,,,p)",
    "m: node 'y' (LSTM): input 7 (P) is not [1, 6]")
BAD(CELL "node y = LSTM(x,w3,r)",
    "m: node 'y' (LSTM): input 1 (W) is not [1, 8, inputs]")
BAD(CELL "node y = LSTM(x,w2,r)", "m: node 'y' (LSTM): input 0 (X) has 3 "
    "features, wanted the 4 of input 1 (W)")
BAD(CELL "node y = LSTM(x,w,r) hidden_size=3", "m: node 'y' (LSTM): input 2 "
    "(R) has 2 hidden units, wanted 3 (hidden_size)")
BAD(CELL "node y = LSTM(x,w,r) direction='bidirectional'",
    "m: node 'y' (LSTM): input 1 (W) is not [2, 8, inputs]")
NOT(CELL "node y = LSTM(x,w,r) direction='sideways'",
    "m: unsupported: LSTM with direction sideways (node 'y', opset 14)")
BAD(CELL "node y = LSTM(x,w,r) activations=['Tanh']",
    "m: node 'y' (LSTM): 1 activations, wanted 3")
BAD(CELL "node y = LSTM(x,w)",
    "m: node 'y' (LSTM): 2 inputs, wanted 3 to 8")
BAD(CELL "node y = LSTM(x,w,,b)",
    "m: node 'y' (LSTM): input 2 is not given")
NOT(CELL "node y = LSTM(x,w,r) activations=['Tanh','Sine','Tanh']",
    "m: unsupported: LSTM with activation Sine (node 'y', opset 14)")
NOT(CELL "node y = LSTM(x,w,r) output_sequence=1",
    "m: unsupported: LSTM with attribute output_sequence (node 'y', "
    "opset 14)")
NOT(CELL "node y = LSTM(x,w,r) activations=['Tanh','Tanh','Tanh'] "
    "activation_alpha=[1f]", "m: unsupported: LSTM with more "
    "activation_alpha or activation_beta than its activations have "
    "(node 'y', opset 14)")
NOT("opset 14\ninput x float [4,2,3]\ninput r float\n"
    "input w float [1,4,3]\noutput y\nnode y = RNN(x,w,r)",
    "m: unsupported: RNN with hidden_size of unknown size (node 'y', "
    "opset 14)")
NOT("opset 14\ninput x float [4,2,3]\ninput r float\n"
    "input w float [1,4,3]\noutput y\nnode y = GRU(x,w,r) "
    "hidden_size=9223372036854775807",
    "m: unsupported: GRU with hidden_size of unknown size (node 'y', "
    "opset 14)")
NOT(XY "function z = l.F(a)\nnode t = Rocket(a)\n"
    "node z = TfIdfVectorizer(t)\nend\n"
    "node y = l.F(x) name=n", "m: unsupported: Rocket (node 'n/t', "
    "opset 13), TfIdfVectorizer (node 'n/z', opset 13)")
NOT(XY "graph t\nnode p = Neg(x)\noutput p\nend\n"
    "graph e\nnode q = Exp(x)\noutput q\nend\ninput c bool []\n"
    "node y = If(c) then_branch=@t else_branch=@e\nnode z = Nobody(x)",
    "m: unsupported: Nobody (node 'z', opset 13)")
BAD(XY "init c bool [] raw 1\nnode y = If(c)",
    "m: node 'y' (If): attribute 'then_branch' is missing")
BAD(XY "init c bool [] raw 1\ngraph t\noutput q\nend\n"
    "node y = If(c) then_branch=@t",
    "m: node 'y' (If): output 'q' of its body is made by nobody")
NOT(XY "node y = com.microsoft.FusedGemm(x,x) activation='Elu'",
    "m: unsupported: FusedGemm with activation Elu (node 'y', opset 1)")
NOT(XY "init w float [2,5] raw 0 0 0 0 0 0 0 0 0 0\n"
    "node y = com.microsoft.Attention(x,w) num_heads=1", "m: unsupported: "
    "Attention with a weight of another size (node 'y', opset 1)")
NOT(XY "node y = com.microsoft.Attention(x,x,x,,,,x) num_heads=1",
    "m: unsupported: Attention with a shared buffer (node 'y', opset 1)")
NOT(XY "node y = com.microsoft.GroupQueryAttention(x,x,x,,,x,x) "
    "num_heads=1 kv_num_heads=1 local_window_size=0",
    "m: unsupported: GroupQueryAttention with a window of 0 (node 'y', "
    "opset 1)")
NOT(XY "node y = com.microsoft.GroupQueryAttention(x,x,x,,,x,x,,,,,,x) "
    "num_heads=1 kv_num_heads=1",
    "m: unsupported: GroupQueryAttention with input 12 (node 'y', opset 1)")
NOT(XY "node y = com.microsoft.MultiHeadAttention(x) num_heads=1",
    "m: unsupported: MultiHeadAttention with packed inputs (node 'y', "
    "opset 1)")
NOT(XY "node y = com.microsoft.Gelu(x) shape=1",
    "m: unsupported: Gelu with attribute shape (node 'y', opset 1)")
NOT(XY "node y,m = com.microsoft.SkipLayerNormalization(x,x,x)\n"
    "node z = Neg(m)", "m: unsupported: SkipLayerNormalization with mean or "
    "deviation (node 'y', opset 1)")
BAD(XY "node y = com.microsoft.BiasGelu(x)",
    "m: node 'y' (BiasGelu): 1 inputs, wanted 2 to 2")
BAD(XY "node y = com.microsoft.BiasGelu(,x)",
    "m: node 'y' (BiasGelu): input 0 is not given")
{ XY "init c bool [2] raw 1 0\ngraph t\noutput q\nend\nnode z = Add(x,w)\n"
  "init w float [3] raw 1 2 3\nnode y = If(c) then_branch=@t",
  BURIN_ESHAPE, "m: node 'z': add(f32[2], f32[3]): shapes do not broadcast" },
};

START_TEST(fault_is_named)
{
	const struct fault *f = &faults[_i];
	struct brn_graph *g;
	burin_error err = { 0 };
	int rc = onnx_text_import(f->model, NULL, 0, &g, &err);

	ck_assert_str_eq(err.msg, f->msg);
	ck_assert_int_eq(rc, f->code);
}
END_TEST

/* n functions, each calling the next one so many times.  */
static int
import_chain(int n, int calls, burin_error *err)
{
	struct brn_buf b = { 0 };
	struct brn_graph *g;
	int rc;

	brn_buf_printf(&b, "opset 13\ninput x float [2]\noutput y\n");
	for (int i = 0; i < n; i++) {
		brn_buf_printf(&b, "function z = l.F%d(a)\n", i);
		for (int k = 0; k < calls; k++)
			brn_buf_printf(&b, "node %s%.0d = l.F%d(a)\n",
			    k ? "t" : "z", k, i + 1);
		brn_buf_printf(&b, "end\n");
	}
	brn_buf_printf(&b, "function z = l.F%d(a)\nnode z = Neg(a)\nend\n"
	    "node y = l.F0(x)", n);
	ck_assert(!b.fail);
	brn_buf_u8(&b, 0);
	rc = onnx_text_import((const char *)b.p, NULL, 0, &g, err);
	if (rc == 0)
		brn_graph_free(g);
	brn_buf_free(&b);
	return rc;
}

START_TEST(functions_are_bounded)
{
	burin_error err;

	suite_ok(import_chain(60, 1, &err), err);
	ck_assert_int_eq(import_chain(70, 1, &err), BURIN_EUNSUPPORTED);
	ck_assert_ptr_nonnull(strstr(err.msg, "nested deeper than 64"));
	suite_ok(import_chain(6, 4, &err), err);
	ck_assert_int_eq(import_chain(40, 2, &err), BURIN_EUNSUPPORTED);
	ck_assert_ptr_nonnull(strstr(err.msg, "more than 1048576 nodes"));
}
END_TEST

static Suite *
expand_suite(void)
{
	Suite *s = suite_create("onnx_expand");
	TCase *tc = suite_case(s, "forms", 60);

	tcase_add_loop_test(tc, short_form_computes_what_the_long_one_does, 0,
	    COUNT(pairs));
	tc = suite_case(s, "faults", 60);
	tcase_add_loop_test(tc, fault_is_named, 0, COUNT(faults));
	tcase_add_test(tc, functions_are_bounded);
	return s;
}

SUITE_MAIN(expand_suite)
