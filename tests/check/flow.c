/* SPDX-License-Identifier: Apache-2.0
 *
 * If, Loop and Scan: what bodies see, what goes from step to step, what is
 * gathered; sequences; layers in bodies; limits, cancellation, and what is
 * refused.  Linked with the shared library.
 */
#include <pthread.h>
#include <string.h>

#include "tests/support/onnx_text.h"
#include "tests/support/suite.h"

enum { MAX_OUT = 4, MAX_X = 64 };

static char dir[4096];
static burin_error err;

static void
setup(void)
{
	suite_tmpdir(dir, sizeof dir);
	setenv("BURIN_CACHE_DIR", dir, 1);
	setenv("BURIN_COMPILE", "off", 1);
}

static void
teardown(void)
{
	suite_rmdir(dir);
}

/* A model with one input, x, of floats in rows of width.  */
struct rig {
	burin_model *m;
	burin_session *s;
	float x[MAX_X];
	burin_tensor in;
	burin_output out[MAX_OUT];
	int nout;
};

static int
load(struct rig *r, const char *text, burin_options *o)
{
	char file[4200];

	snprintf(file, sizeof file, "%s/flow.onnx", dir);
	onnx_text_write(text, file);
	return burin_model_load(file, o, &r->m, &err);
}

static void
rig_init(struct rig *r, const char *text, burin_options *o)
{
	*r = (struct rig){ 0 };
	suite_ok(load(r, text, o), err);
	suite_ok(burin_session_new(r->m, o, &r->s, &err), err);
	r->nout = (int)burin_model_num_outputs(r->m);
	for (int i = 0; i < r->nout; i++)
		r->out[i].name = burin_model_output(r->m, (size_t)i)->name;
	r->in = (burin_tensor){ "x", BURIN_F32, 2, { 0, 0 }, r->x, 0 };
	for (int i = 0; i < MAX_X; i++)
		r->x[i] = (float)(i + 1);
}

static void
rig_clear(struct rig *r)
{
	burin_session_free(r->s);
	burin_model_free(r->m);
}

static int
run(struct rig *r, int rows, int width)
{
	r->in.dims[0] = rows;
	r->in.dims[1] = width;
	r->in.nbytes = (size_t)(rows * width) * 4;
	return burin_run(r->s, &r->in, 1, r->out, (size_t)r->nout, &err);
}

/* Output k is of n floats.  */
static void
is_floats(const struct rig *r, int k, const float *want, int n)
{
	const float *v = r->out[k].data;

	ck_assert_int_eq(r->out[k].dtype, BURIN_F32);
	ck_assert_uint_eq(r->out[k].nbytes, (size_t)n * 4);
	for (int i = 0; i < n; i++)
		ck_assert_msg(fabsf(v[i] - want[i]) < 1e-4f, "output %d[%d] "
		    "is %g, wanted %g", k, i, (double)v[i], (double)want[i]);
}

/* ---- if ---------------------------------------------------------------- */

/* Branches of other shapes; one returns what it reads from outside.  */
static const char branches[] = "opset 13\n"
    "input x float [n,2]\noutput y\noutput z\n"
    "init zero float [] raw 0\n"
    "init axes int64 [1] raw 0\n"
    "node sum = ReduceSum(x) keepdims=0\n"
    "node up = Greater(sum,zero)\n"
    "graph then\noutput a\noutput sum\n"
    "node a = Add(x,x)\nend\n"
    "graph else\noutput b\noutput sum\n"
    "node b = ReduceSum(x,axes) keepdims=0\nend\n"
    "node y,same = If(up) then_branch=@then else_branch=@else\n"
    "node z = Neg(same)\n";

START_TEST(an_if_runs_the_branch_of_its_condition)
{
	struct rig r;

	rig_init(&r, branches, NULL);
	for (int round = 0; round < 6; round++) {
		int up = round % 2 == 0, rows = 10 + round / 3;
		float sum = 0, want[MAX_X] = { 0 };

		for (int i = 0; i < 2 * rows; i++) {
			r.x[i] = (float)(up ? i + 1 : -i - 1);
			sum += r.x[i];
			if (up)
				want[i] = 2 * r.x[i];
			else
				want[i % 2] += r.x[i];
		}
		sum = -sum;
		suite_ok(run(&r, rows, 2), err);
		is_floats(&r, 0, want, up ? 2 * rows : 2);
		is_floats(&r, 1, &sum, 1);
	}
	rig_clear(&r);
}
END_TEST

/* ---- loop -------------------------------------------------------------- */

/* A sum that each step changes, a value that grows, and one gathered.  */
static const char loop[] = "opset 13\n"
    "input x float [n,2]\noutput sum\noutput grown\noutput all\n"
    "init steps int64 [] raw 5\ninit yes bool [] raw 1\n"
    "init start float [1,2] raw 0 0\n"
    "init axes int64 [1] raw 0\n"
    "node none = ReduceSum(x,axes) keepdims=1\n"
    "graph body\ninput i int64 []\ninput c bool []\n"
    "input s float [?,2]\ninput g float [?,2]\n"
    "output c2\noutput s2\noutput g2\noutput part\n"
    "node c2 = Identity(c)\n"
    "node f = Cast(i) to=1\n"
    "node part = Mul(none,f)\n"
    "node s2 = Add(s,part)\n"
    "node g2 = Concat(g,s2) axis=0\n"
    "end\n"
    "node sum,grown,all = Loop(steps,yes,start,start) body=@body\n";

START_TEST(a_loop_carries_grows_and_gathers)
{
	struct rig r;

	rig_init(&r, loop, NULL);
	for (int rows = 1; rows < 6; rows++) {
		float n[2] = { 0 }, sum[2] = { 0 }, grown[12] = { 0 };
		float all[10];

		for (int i = 0; i < 2 * rows; i++)
			n[i % 2] += r.x[i];
		for (int k = 0; k < 10; k++) {
			all[k] = n[k % 2] * (float)(k / 2);
			sum[k % 2] += all[k];
			grown[2 + k] = sum[k % 2];
		}
		suite_ok(run(&r, rows, 2), err);
		is_floats(&r, 0, sum, 2);
		is_floats(&r, 1, grown, 12);
		is_floats(&r, 2, all, 10);
		ck_assert_int_eq(r.out[2].rank, 3);
		ck_assert_int_eq(r.out[2].dims[0], 5);
	}
	rig_clear(&r);
}
END_TEST

/* Two values that change places, a condition that ends the loop.  */
static const char swap[] = "opset 13\n"
    "input x float [1,n]\noutput a\noutput b\n"
    "init yes bool [] raw 1\ninit last int64 [] raw 4\n"
    "node twice = Add(x,x)\n"
    "graph body\ninput i int64 []\ninput c bool []\n"
    "input p float [1,?]\ninput q float [1,?]\n"
    "output more\noutput q\noutput p\n"
    "node more = Less(i,last)\n"
    "end\n"
    "node a,b = Loop(,yes,x,twice) body=@body\n";

START_TEST(values_may_change_places)
{
	float twice[MAX_X];
	struct rig r;

	rig_init(&r, swap, NULL);
	for (int i = 0; i < MAX_X; i++)
		twice[i] = 2 * r.x[i];
	suite_ok(run(&r, 1, 20), err);          /* 5 steps: an odd number */
	is_floats(&r, 0, twice, 20);
	is_floats(&r, 1, r.x, 20);
	rig_clear(&r);
}
END_TEST

/* The trip count is a sum of x; none at all is one.  */
static const char counted[] = "opset 13\n"
    "input x float [1,n]\noutput last\noutput all\n"
    "node total = ReduceSum(x) keepdims=0\n"
    "node steps = Cast(total) to=7\n"
    "graph body\ninput i int64 []\ninput c bool []\ninput v float [1,?]\n"
    "output c\noutput w\noutput w\n"
    "node w = Add(v,v)\n"
    "end\n"
    "node last,all = Loop(steps,,x) body=@body\n";

START_TEST(a_trip_count_may_be_data)
{
	struct rig r;

	rig_init(&r, counted, NULL);
	for (int steps = 0; steps < 5; steps++) {
		float last[20] = { 0 };

		memset(r.x, 0, sizeof r.x);
		r.x[0] = (float)steps;
		last[0] = (float)(steps << steps);
		suite_ok(run(&r, 1, 20), err);
		is_floats(&r, 0, last, 20);
		ck_assert_int_eq(r.out[1].rank, 3);
		ck_assert_int_eq(r.out[1].dims[0], steps);
	}
	rig_clear(&r);
}
END_TEST

/* A loop in an If in a loop; the innermost reads values of all.  */
static const char nested[] = "opset 13\n"
    "input x float [1,n]\noutput y\n"
    "init three int64 [] raw 3\ninit two int64 [] raw 2\n"
    "init yes bool [] raw 1\ninit one int64 [] raw 1\n"
    "node base = Neg(x)\n"
    "graph inner\ninput j int64 []\ninput d bool []\n"
    "input w float [1,?]\noutput d\noutput w2\n"
    "node f = Cast(i) to=1\n"
    "node scaled = Mul(base,f)\n"
    "node w2 = Sub(w,scaled)\n"
    "end\n"
    "graph odd\noutput t\n"
    "node t = Loop(two,yes,v) body=@inner\n"
    "end\n"
    "graph even\noutput u\nnode u = Identity(v)\nend\n"
    "graph outer\ninput i int64 []\ninput c bool []\n"
    "input v float [1,?]\noutput c\noutput r\n"
    "node m = Mod(i,two)\n"
    "node is = Equal(m,one)\n"
    "node r = If(is) then_branch=@odd else_branch=@even\n"
    "end\n"
    "node y = Loop(three,yes,x) body=@outer\n";

START_TEST(bodies_may_be_nested)
{
	float want[20];
	struct rig r;

	rig_init(&r, nested, NULL);
	for (int i = 0; i < 20; i++)
		want[i] = 3 * r.x[i];           /* step 1: twice += x * 1 */
	suite_ok(run(&r, 1, 20), err);
	is_floats(&r, 0, want, 20);
	rig_clear(&r);
}
END_TEST

/* ---- scan -------------------------------------------------------------- */

static const char scan[] = "opset 13\n"
    "input x float [n,3]\noutput last\noutput sums\n"
    "init start float [3] raw 0 0 0\n"
    "graph body\ninput s float [3]\ninput row float [3]\n"
    "output s2\noutput s2\n"
    "node s2 = Add(s,row)\n"
    "end\n"
    "node last,sums = Scan(start,x) body=@body num_scan_inputs=1 "
    "scan_input_directions=[1] scan_output_axes=[1]\n";

START_TEST(a_scan_goes_over_axes_in_directions)
{
	float sums[3 * 8], last[3] = { 0 };
	struct rig r;

	rig_init(&r, scan, NULL);
	for (int i = 0; i < 8; i++)
		for (int d = 0; d < 3; d++) {
			last[d] += r.x[3 * (7 - i) + d];
			sums[8 * d + i] = last[d];
		}
	suite_ok(run(&r, 8, 3), err);
	is_floats(&r, 0, last, 3);
	is_floats(&r, 1, sums, 24);
	ck_assert_int_eq(r.out[1].dims[0], 3);
	rig_clear(&r);
}
END_TEST

/* ---- sequences --------------------------------------------------------- */

static const char sequence[] = "opset 13\n"
    "input x float [1,n]\noutput y\noutput n\noutput first\n"
    "init steps int64 [] raw 4\ninit yes bool [] raw 1\n"
    "init zero int64 [] raw 0\n"
    "node none = SequenceEmpty()\n"
    "graph body\ninput i int64 []\ninput c bool []\ninput s float []\n"
    "output c\noutput t\n"
    "node f = Cast(i) to=1\n"
    "node v = Add(x,f)\n"
    "node t = SequenceInsert(s,v)\n"
    "end\n"
    "node all = Loop(steps,yes,none) body=@body\n"
    "node y = ConcatFromSequence(all) axis=0\n"
    "node n = SequenceLength(all)\n"
    "node parts = SplitToSequence(y) axis=0 keepdims=0\n"
    "node rest = SequenceErase(parts,zero)\n"
    "node at = SequenceAt(rest,zero)\n"
    "node first = Neg(at)\n";

START_TEST(a_loop_may_fill_a_sequence)
{
	float want[80], first[20];
	struct rig r;

	rig_init(&r, sequence, NULL);
	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < 80; i++)
			want[i] = r.x[i % 20] + (float)(i / 20);
		for (int i = 0; i < 20; i++)
			first[i] = -want[20 + i];
		suite_ok(run(&r, 1, 20), err);
		is_floats(&r, 0, want, 80);
		ck_assert_int_eq(*(const int64_t *)r.out[1].data, 4);
		is_floats(&r, 2, first, 20);
		ck_assert_int_eq(r.out[2].rank, 1);
	}
	rig_clear(&r);
}
END_TEST

/* ---- layers in bodies -------------------------------------------------- */

#define LAYER(input, output, nodes, given) \
	"opset 13\ninput x float [1,32]\noutput y\n" \
	"init steps int64 [] raw 3\ninit yes bool [] raw 1\n" \
	"graph body\ninput i int64 []\ninput c bool []\n" \
	"input v float [1,32]\n" input "output c\noutput u\n" output \
	nodes "end\nnode y,z = Loop(steps,yes,x" given ") body=@body\n" \
	"init w float [32,32] raw"

/* y = x w^T a step, w read from outside or carried; 32 x 32 with two blocks of
 * 16 x 1.  */
START_TEST(layers_in_bodies_are_sparse)
{
	static const char *const texts[] = {
		LAYER("", "output v\n", "node u = MatMul(v,w)\n", ""),
		LAYER("input p\n", "output q\n",
		    "node u = MatMul(v,p)\nnode q = Identity(p)\n", ",w"),
	};
	char text[20000];
	const burin_layer_info *l;
	float v[32], want[32];
	size_t n = strlen(texts[_i]);
	struct rig r;

	strcpy(text, texts[_i]);
	for (int i = 0; i < 32 * 32; i++)       /* row i / 32 of [in, out] */
		n += (size_t)snprintf(text + n, sizeof text - n, " %s",
		    i / 32 == 3 && i % 32 < 16 ? "0.5" :
		    i / 32 == 7 && i % 32 >= 16 ? "0.25" : "0");
	snprintf(text + n, sizeof text - n, "\n");
	rig_init(&r, text, NULL);
	ck_assert_uint_eq(burin_model_num_layers(r.m), 1);
	l = burin_model_layer(r.m, 0);
	ck_assert_str_eq(l->op, "bsr_dense");
	ck_assert_str_eq(l->decision, "sparse");
	memcpy(v, r.x, sizeof v);
	for (int k = 0; k < 3; k++) {
		for (int i = 0; i < 32; i++)
			want[i] = i < 16 ? v[3] / 2 : v[7] / 4;
		memcpy(v, want, sizeof v);
	}
	suite_ok(run(&r, 1, 32), err);
	is_floats(&r, 0, want, 32);
	rig_clear(&r);
}
END_TEST

/* ---- limits ------------------------------------------------------------ */

/* Without an end, with or without something that is gathered.  */
#define ENDLESS(more) \
	"opset 13\ninput x float [1,n]\noutput y\n" \
	"init yes bool [] raw 1\n" \
	"graph body\ninput i int64 []\ninput c bool []\n" \
	"input v float [1,?]\noutput c\noutput w\n" more \
	"node w = Neg(v)\nend\n"
static const char endless[] = ENDLESS("")
    "node y = Loop(,yes,x) body=@body name=turn\n";
static const char hoard[] = ENDLESS("output w\n")
    "node a,y = Loop(,yes,x) body=@body name=turn\n";

static void
expect_limit(const char *text, const char *key, const char *value,
    const char *msg)
{
	burin_options *o = burin_options_new();
	struct rig r;

	suite_ok(burin_options_set(o, key, value, &err), err);
	rig_init(&r, text, o);
	ck_assert_int_eq(run(&r, 1, 20), BURIN_EUNSUPPORTED);
	ck_assert_str_eq(err.msg, msg);
	rig_clear(&r);
	burin_options_free(o);
}

START_TEST(loops_have_limits)
{
	expect_limit(endless, "loop_steps", "1000", "node 'turn': more steps "
	    "than a run may have (loop_steps)");
	expect_limit(hoard, "loop_bytes", "64K", "node 'turn': the results of "
	    "its steps are more than 65536 bytes (loop_bytes)");
}
END_TEST

static void *
cancel(void *arg)
{
	struct rig *r = arg;

	for (int i = 0; i < 100; i++) {
		usleep(20000);
		burin_session_cancel(r->s);
	}
	return NULL;
}

/* A run that never ends is canceled, and the session runs on.  */
START_TEST(a_run_may_be_canceled)
{
	pthread_t thread;
	struct rig r;
	int rc = 0;

	rig_init(&r, endless, NULL);
	ck_assert_int_eq(pthread_create(&thread, NULL, cancel, &r), 0);
	rc = run(&r, 1, 20);
	ck_assert_int_eq(rc, BURIN_ECANCELED);
	ck_assert_ptr_nonnull(strstr(err.msg, "canceled after node 'turn/"));
	ck_assert_ptr_null(r.out[0].data);
	ck_assert_int_eq(run(&r, 1, 20), BURIN_ECANCELED);
	pthread_join(thread, NULL);
	rig_clear(&r);
}
END_TEST

/* ---- random numbers ---------------------------------------------------- */

static const char noise[] = "opset 15\n"
    "input x float [1,n]\noutput a\noutput b\noutput c\noutput d\n"
    "node a = RandomUniformLike(x) seed=1f low=2f high=3f\n"
    "node b = RandomNormalLike(x) mean=50f\n"
    "node half = Sub(a,two)\ninit two float [] raw 2\n"
    "node c = Bernoulli(half)\n"
    "node d = RandomNormal() shape=[3] seed=7f\n";

/* With a seed each run has the same numbers, without a seed others.  */
START_TEST(random_numbers_have_seeds)
{
	float first[2][64], sum = 0;
	struct rig r;

	rig_init(&r, noise, NULL);
	for (int k = 0; k < 2; k++) {
		suite_ok(run(&r, 1, 60), err);
		for (int i = 0; i < 2; i++) {
			const float *v = r.out[i].data;
			size_t n = 60 * sizeof *v;

			if (k)
				ck_assert_int_eq(memcmp(first[i], v, n) == 0,
				    i == 0);
			memcpy(first[i], v, n);
		}
	}
	for (int i = 0; i < 60; i++) {
		ck_assert(first[0][i] >= 2 && first[0][i] < 3);
		ck_assert(first[1][i] > 40 && first[1][i] < 60);
		sum += ((const float *)r.out[2].data)[i];
	}
	ck_assert(sum > 10 && sum < 50);
	ck_assert_uint_eq(r.out[3].nbytes, 12);
	rig_clear(&r);
}
END_TEST

/* ---- what is refused --------------------------------------------------- */

#define BODY(outputs, nodes) \
	"opset 13\ninput x float [1,n]\noutput y\n" \
	"init yes bool [] raw 1\ninit steps int64 [] raw 3\n" \
	"graph body\ninput i int64 []\ninput c bool []\n" \
	"input v float [1,?]\n" outputs nodes "end\n" \
	"node y = Loop(steps,yes,x) body=@body name=turn\n"

/* A sequence where an integer is due, or none where there must be one.  */
#define LISTS(nodes) \
	"opset 13\ninput x float [1,n]\noutput y\n" \
	"init none int64 [0] raw\n" \
	"node s = SequenceConstruct(x,x)\n" nodes

static const struct {
	const char *text;
	int code;
	const char *msg;
	int loads;
} refused[] = {
	{ BODY("output c\noutput w\n", "node w = Add(v,nobody)\n"),
	    BURIN_EFORMAT, "node 'turn/w' (Add): input 'nobody' is made by "
	    "nobody", 0 },
	{ BODY("output c\noutput w\n", "node u = Neg(v)\n"), BURIN_EFORMAT,
	    "node 'turn' (Loop): output 'w' of its body is made by nobody",
	    0 },
	{ BODY("output c\n", "node w = Neg(v)\n"), BURIN_EFORMAT,
	    "node 'turn' (Loop): its body has 1 outputs, which are too few",
	    0 },
	{ BODY("output c\noutput w\n", "node w = Loop(steps,yes,v)\n"),
	    BURIN_EFORMAT, "node 'turn/w' (Loop): attribute 'body' is "
	    "missing", 0 },
	{ BODY("output c\noutput w\n", "node w = Cast(v) to=7\n"),
	    BURIN_ESHAPE, "node 'turn': step 0: result 1 of its body is "
	    "i64[1,20], was f32[1,20]", 1 },
	{ BODY("output c\noutput w\n", "init axes int64 [1] raw 0\n"
	    "node w = Unsqueeze(v,axes)\n"), BURIN_ESHAPE,
	    "input 'v': is f32[1,1,20], wanted f32[?", 1 },
	{ BODY("output v\noutput w\n", "node w = Neg(v)\n"), BURIN_ESHAPE,
	    "node 'turn': the condition of its body is not one bool", 1 },
	{ BODY("output c\noutput w\n", "init f float [1] raw 1\n"
	    "init n int64 [1] raw 1\n"
	    "node s = SequenceConstruct(f,n)\n"
	    "node w = ConcatFromSequence(s) axis=0\n"), BURIN_ESHAPE,
	    "sequence_construct(f32[1], i64[1]): a sequence of mixed types",
	    0 },
	{ "opset 13\ninput x float [1,n]\noutput y\n"
	    "node y = SequenceConstruct(x,x)\n", BURIN_EUNSUPPORTED,
	    "output 'y': is a sequence", 0 },
	{ "opset 13\ninput x float [1,n]\noutput y\n"
	    "init at int64 [] raw 0\nnode s = SequenceConstruct(x,x)\n"
	    "node u = SequenceErase(s,at)\n"
	    "node v = ConcatFromSequence(u) axis=0\n"
	    "node y = SequenceConstruct(v)\n", BURIN_EUNSUPPORTED,
	    "output 'y': is a sequence", 1 },
	{ "opset 13\ninput x float [1,n]\noutput y\n"
	    "init at int64 [] raw 2\nnode s = SequenceConstruct(x,x)\n"
	    "node y = SequenceAt(s,at)\n", BURIN_ESHAPE,
	    "position 2 of 2", 1 },
	{ "opset 13\ninput x float [m,n]\noutput y\n"
	    "graph g\ninput a\ninput b\noutput c\noutput d\n"
	    "node c = Mul(a,b)\nnode d = Identity(c)\nend\n"
	    "init z float [] raw 0\ninit no int64 [1] raw 0\n"
	    "node e = Slice(x,no,no)\nnode f,y = Scan(z,e) body=@g "
	    "num_scan_inputs=1 scan_output_axes=[4]\n", BURIN_ESHAPE,
	    "has no axis 4", 1 },
	{ "opset 13\ninput x float [1,n]\noutput y\n"
	    "node s = SequenceConstruct(x,x)\nnode y = Neg(s)\n",
	    BURIN_EUNSUPPORTED, "input 0 is a sequence", 0 },
	{ LISTS("node t = SequenceErase(s,s)\nnode y = SequenceLength(t)\n"),
	    BURIN_EUNSUPPORTED, "not supported for the type of input 1", 0 },
	{ LISTS("node t = SequenceInsert(s,x,s)\n"
	    "node y = SequenceLength(t)\n"),
	    BURIN_EUNSUPPORTED, "not supported for the type of input 2", 0 },
	{ LISTS("node t = SplitToSequence(x,s) axis=0\n"
	    "node y = SequenceLength(t)\n"),
	    BURIN_EUNSUPPORTED, "not supported for the type of input 1", 0 },
	{ LISTS("node y = SequenceAt(s,none)\n"), BURIN_ESHAPE,
	    "input 1 is no scalar", 0 },
	{ LISTS("node t = SequenceErase(s,none)\n"
	    "node y = SequenceLength(t)\n"), BURIN_ESHAPE,
	    "input 1 is no scalar", 0 },
	{ LISTS("node t = SequenceInsert(s,x,none)\n"
	    "node y = SequenceLength(t)\n"), BURIN_ESHAPE,
	    "input 2 is no scalar", 0 },
	{ LISTS("init yes bool [] raw 1\n"
	    "graph body\ninput i int64 []\ninput c bool []\n"
	    "input v float [1,?]\noutput c\noutput w\n"
	    "node w = Neg(v)\nend\n"
	    "node y = Loop(s,yes,x) body=@body name=turn\n"), BURIN_ESHAPE,
	    "node 'turn': the trip count is not one integer", 1 },
};

START_TEST(what_does_not_fit_is_refused)
{
	struct rig r = { 0 };

	if (!refused[_i].loads) {
		ck_assert_int_eq(load(&r, refused[_i].text, NULL),
		    refused[_i].code);
	} else {
		rig_init(&r, refused[_i].text, NULL);
		ck_assert_int_eq(run(&r, 1, 20), refused[_i].code);
		rig_clear(&r);
	}
	ck_assert_msg(strstr(err.msg, refused[_i].msg) != NULL,
	    "'%s', wanted '%s'", err.msg, refused[_i].msg);
}
END_TEST

/* Operators that are not supported are listed, wherever they are.  */
START_TEST(unsupported_operators_in_bodies_are_listed)
{
	burin_options *o = burin_options_new();
	struct rig r = { 0 };

	ck_assert_int_eq(load(&r, BODY("output c\noutput w\n",
	    "node w = TfIdfVectorizer(v)\n"), NULL), BURIN_EUNSUPPORTED);
	ck_assert_ptr_nonnull(strstr(err.msg,
	    "unsupported: TfIdfVectorizer (node 'turn/w', opset 13)"));
	suite_ok(burin_options_set(o, "unsupported", "keep", &err), err);
	suite_ok(load(&r, BODY("output c\noutput w\n",
	    "node w = TfIdfVectorizer(v)\n"), o), err);
	ck_assert_uint_eq(burin_model_num_unsupported(r.m), 1);
	ck_assert_int_eq(burin_session_new(r.m, NULL, &r.s, &err),
	    BURIN_EUNSUPPORTED);
	burin_model_free(r.m);
	burin_options_free(o);
}
END_TEST

static Suite *
flow_suite(void)
{
	Suite *s = suite_create("flow");
	TCase *tc = suite_case(s, "flow", 120);

	tcase_add_unchecked_fixture(tc, setup, teardown);
	tcase_add_test(tc, an_if_runs_the_branch_of_its_condition);
	tcase_add_test(tc, a_loop_carries_grows_and_gathers);
	tcase_add_test(tc, values_may_change_places);
	tcase_add_test(tc, a_trip_count_may_be_data);
	tcase_add_test(tc, bodies_may_be_nested);
	tcase_add_test(tc, a_scan_goes_over_axes_in_directions);
	tcase_add_test(tc, a_loop_may_fill_a_sequence);
	tcase_add_loop_test(tc, layers_in_bodies_are_sparse, 0, 2);
	tcase_add_test(tc, loops_have_limits);
	tcase_add_test(tc, a_run_may_be_canceled);
	tcase_add_test(tc, random_numbers_have_seeds);
	tcase_add_loop_test(tc, what_does_not_fit_is_refused, 0,
	    COUNT(refused));
	tcase_add_test(tc, unsupported_operators_in_bodies_are_listed);
	return s;
}

SUITE_MAIN(flow_suite)
