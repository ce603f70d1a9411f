/* SPDX-License-Identifier: Apache-2.0
 *
 * A head of 8 bytes, then leaves of 16 and nodes of 32 bytes.  Records have a
 * fixed size: a change in one leaves the others as they are.
 */
#include "tests/fuzz/graph.h"

#include "ir/attrs.h"
#include "ir/graph/graph.h"
#include "ir/graph/iter.h"
#include "tests/fuzz/number.h"
#include "tests/fuzz/patterns.h"
#include "tests/fuzz/wire.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { HEAD = 8, LEAF = 16, NODE = 32, MAX_VALUES = 32 };

/* A record, zero behind the end of the bytes.  */
struct record {
	uint8_t b[NODE];
};

struct maker {
	struct fuzz_graph *g;
	const uint8_t *p;
	size_t left;
	int nvalue;
	char value[MAX_VALUES][16];     /* names */
};

static struct record
next(struct maker *k, size_t size)
{
	struct record r = { { 0 } };
	size_t n = size < k->left ? size : k->left;

	if (n)
		memcpy(r.b, k->p, n);
	k->p += n;
	k->left -= n;
	return r;
}

static const char *
add_value(struct maker *k, char letter)
{
	snprintf(k->value[k->nvalue], sizeof k->value[0], "%c%d", letter,
	    k->nvalue);
	return k->value[k->nvalue++];
}

/* ---- leaves -------------------------------------------------------------- */

static const struct {
	const char *name;
	int dtype;
} types[] = {
	{ "float", BURIN_F32 }, { "float", BURIN_F32 }, { "float", BURIN_F32 },
	{ "float", BURIN_F32 }, { "int64", BURIN_I64 }, { "int64", BURIN_I64 },
	{ "int32", BURIN_I32 }, { "bool", BURIN_BOOL },
};

/* Beside a size of 0 the others may be any.  */
static int64_t
cut_size(int64_t size, int64_t n)
{
	if (n == 0 && size == 6)
		return (int64_t)1 << 40;
	return n > FUZZ_NUMEL || n * size > FUZZ_NUMEL ? 1 : size;
}

static void
shape_of(const struct record *r, struct brn_type *t)
{
	static const int sizes[] = { 1, 2, 3, 4, 5, 7, 8, 16, 17, 33, 0, 1, 2,
		3, 4, 6 };
	int64_t n = 1;

	t->rank = r->b[1] % 5;
	if (r->b[1] > 240)
		t->rank = r->b[1] - 241 > 8 ? 8 : r->b[1] - 241;
	for (int d = 0; d < t->rank; d++) {
		t->dim[d] = cut_size(sizes[r->b[2 + d % 4] % 16], n);
		n *= t->dim[d];
	}
}

/* The dimensions of a leaf that the model leaves open: d or a name for its
 * size.  */
enum { CLOSED, OPEN, NAMED };

static int
how_open(const struct record *r, int d)
{
	uint8_t b = r->b[0] >> 4;

	if (b < 8 || !(r->b[15] >> d & 1))
		return CLOSED;
	return b & 1 ? NAMED : OPEN;
}

/* The type of the leaf in another run.  Sizes of one name stay the same.  */
static struct brn_type
other_type(const struct record *r, const struct brn_type *was)
{
	static const int sizes[] = { 0, 1, 2, 3, 5, 8, 17, 6 };
	struct brn_type t = *was;
	int64_t n = 1;

	for (int d = 0; d < t.rank; d++) {
		int how = how_open(r, d);

		if (how == OPEN)
			t.dim[d] = sizes[(r->b[14] >> d) % 8];
		else if (how == NAMED && was->dim[d] < FUZZ_NUMEL)
			t.dim[d] = was->dim[d] * 5 % 11;
		if (how == OPEN)
			t.dim[d] = cut_size(t.dim[d], n);
		if (n <= FUZZ_NUMEL)
			n *= t.dim[d];
	}
	return t;
}

static int64_t
whole(const struct record *r, int64_t i)
{
	static const int64_t odd[] = { INT64_MAX, INT64_MIN, -1, INT32_MAX,
		INT32_MIN, (int64_t)1 << 40, 65536, -65536 };
	uint8_t b = r->b[7 + i % 9];

	if (b >= 248)
		return odd[b - 248];
	return b >= 128 ? b - 256 : b % 64;
}

static double
real(struct maker *k, const struct record *r, int64_t i)
{
	static const double odd[] = { -0.0, 1e30, -1e30, 1e-30, NAN, INFINITY };
	uint8_t b = (uint8_t)(r->b[7 + i % 9] + i / 9 * 31);
	double v = (b % 32 - 16) / 4.0;

	if (r->b[6] % 4 == 1 && i % 16)         /* mostly nothing */
		v = 0;
	if (r->b[6] % 4 == 2)
		v = (b % 8) / 8.0;
	if (r->b[6] == 255) {
		v = odd[b % BRN_COUNT(odd)];
		k->g->wild = 1;
	}
	return v;
}

static void
fill(struct maker *k, const struct record *r, struct brn_tensor *t)
{
	int64_t n = brn_numel(t);

	for (int64_t i = 0; i < n; i++)
		if (t->type.dtype == BURIN_F32)
			brn_set_float(t, i, real(k, r, i));
		else
			brn_set_int(t, i, whole(r, i));
}

static void
put_int(struct brn_buf *b, int64_t v)
{
	if (v > -4096 && v < 4096)
		fuzz_put_number(b, (double)v);
	else
		brn_buf_printf(b, " %lld", (long long)v);
}

static void
put_values(struct maker *k, const struct brn_tensor *t)
{
	int64_t n = brn_numel(t);

	for (int64_t i = 0; i < n; i++)
		if (t->type.dtype == BURIN_F32)
			fuzz_put_number(&k->g->text, brn_get_float(t, i));
		else
			put_int(&k->g->text, brn_get_int(t, i));
}

static struct brn_tensor
make_tensor(struct maker *k, const struct record *r, const struct brn_type *t)
{
	struct brn_tensor out = { .type = *t };

	out.data = calloc((size_t)brn_numel(&out) + 1, 8);
	if (!out.data)
		abort();
	fill(k, r, &out);
	return out;
}

static void
put_shape(struct brn_buf *b, const struct record *r, const struct brn_type *t,
    int input)
{
	brn_buf_printf(b, "[");
	for (int d = 0; d < t->rank; d++) {
		int how = input ? how_open(r, d) : CLOSED;

		brn_buf_printf(b, "%s", d ? "," : "");
		if (how == OPEN)
			brn_buf_printf(b, "?");
		else
			brn_buf_printf(b, "%s%lld", how == NAMED ? "n" : "",
			    (long long)t->dim[d]);
	}
	brn_buf_printf(b, "]");
}

static void
add_input(struct maker *k, const struct record *r, const struct brn_type *t)
{
	struct fuzz_graph *g = k->g;
	struct brn_type other = other_type(r, t);

	if (brn_type_numel(&other) > FUZZ_NUMEL)
		other = *t;
	for (int d = 0; d < t->rank; d++)
		if (how_open(r, d) != CLOSED)
			g->nrun = FUZZ_RUNS;
	g->in[0][g->nin] = make_tensor(k, r, t);
	g->in[1][g->nin++] = make_tensor(k, r, &other);
}

static void
leaf(struct maker *k)
{
	struct record r = next(k, LEAF);
	struct fuzz_graph *g = k->g;
	int row = r.b[0] / 2 % 8;
	int input = r.b[0] % 2 && g->nin < FUZZ_INPUTS;
	struct brn_tensor value;
	struct brn_type t = { .dtype = types[row].dtype };

	shape_of(&r, &t);
	brn_buf_printf(&g->text, "%s %s %s ", input ? "input" : "init",
	    add_value(k, input ? 'x' : 'w'), types[row].name);
	put_shape(&g->text, &r, &t, input);
	if (input) {
		add_input(k, &r, &t);
	} else {
		brn_buf_printf(&g->text, " raw");
		value = make_tensor(k, &r, &t);
		put_values(k, &value);
		free(value.data);
	}
	brn_buf_printf(&g->text, "\n");
}

/* ---- nodes --------------------------------------------------------------- */

static int64_t
small(uint8_t b)
{
	static const int64_t odd[] = { INT64_MAX, INT64_MIN, INT32_MAX,
		INT32_MIN, (int64_t)1 << 33, 1000000, -1000000, 4096 };

	return b >= 248 ? odd[b - 248] : b >= 192 ? b % 17 : b % 8 - 3;
}

/* Equations, and strings that no attribute may be.  */
static const char *const strings[] = {
	"ij,jk->ik", "bij,bjk->bik", "ii->i", "...i,i->...", "", "none",
};

/* One of the words of the attribute, or one too far: another string.  */
static const char *
word_of(const struct brn_attr_info *a, uint8_t b)
{
	int n = 0;

	while (a->word && a->word[n])
		n++;
	return b % (n + 1) < n ? a->word[b % (n + 1)] :
	    strings[b / (n + 1) % BRN_COUNT(strings)];
}

static void
put_ints(struct brn_buf *t, const struct record *r, int from)
{
	int n = r->b[from % NODE] % 9;

	brn_buf_printf(t, "[");
	for (int i = 1; i <= n; i++)
		brn_buf_printf(t, "%s%lld", i > 1 ? "," : "",
		    (long long)small(r->b[(from + i) % NODE]));
	brn_buf_printf(t, "]");
}

/* The attribute with a value, mostly of its type.  */
static void
put_attr(struct brn_buf *t, const struct record *r,
    const struct brn_attr_info *a, int at)
{
	uint8_t b = r->b[(at + 1) % NODE];
	static const enum brn_attr_type other[] = { BRN_ATTR_INT,
	    BRN_ATTR_FLOAT, BRN_ATTR_INTS, BRN_ATTR_STRING, BRN_ATTR_TENSOR };
	uint8_t odd = r->b[at % NODE];
	enum brn_attr_type type = a->role == BRN_ATTR_WORD ? BRN_ATTR_STRING :
	    a->type;

	if (odd >= 240)
		type = other[odd % BRN_COUNT(other)];
	brn_buf_printf(t, " %s=", a->file);
	if (type == BRN_ATTR_INT)
		brn_buf_printf(t, "%lld", (long long)small(b));
	else if (type == BRN_ATTR_FLOAT)
		brn_buf_printf(t, "%af", b == 255 ? 1e30 : b / 16.0 - 4);
	else if (type == BRN_ATTR_INTS)
		put_ints(t, r, at + 1);
	else if (type == BRN_ATTR_STRING)
		brn_buf_printf(t, "'%s'", word_of(a, b));
	else
		brn_buf_printf(t, "%s[1]{%d}", b % 2 ? "float" : "int64", b);
}

/* The attributes that the bits of a byte choose.  */
static void
put_attrs(struct brn_buf *t, const struct record *r, enum brn_op op)
{
	int i = 0;

	for (const struct brn_attr_info *a = brn_attrs_of(op); a->name; a++) {
		if (!a->file)
			continue;
		if (r->b[11] >> i % 8 & 1)
			put_attr(t, r, a, 12 + 5 * i);
		i++;
	}
}

/* Random numbers are others in each run.  */
static int
is_tried(int op)
{
	return brn_ops[op].onnx && (!(brn_ops[op].flags & BRN_LATE) ||
	    brn_ops[op].flags & BRN_LISTS) && op != BRN_OP_scan;
}

static enum brn_op
op_of(uint8_t b)
{
	static enum brn_op tried[BRN_NUM_OPS];
	static int n;

	for (int i = 0, none = n == 0; i < BRN_NUM_OPS && none; i++)
		if (is_tried(i))
			tried[n++] = (enum brn_op)i;
	return tried[b % n];
}

/* A body: what comes in, or a value of the graph around, or their sum.  */
static void
put_body(struct maker *k, uint8_t b, int seen, const char *name, int loop)
{
	static const char *const node[] = { "Neg(p)", "Identity(p)",
	    "Add(p,%s)", "Concat(p,%s) axis=0", "Mul(%s,p)" };
	struct brn_buf *t = &k->g->text;
	const char *outer = k->value[seen - 1 - b % seen];

	brn_buf_printf(t, "graph %s\n%s", name, loop ?
	    "input i int64 []\ninput c bool []\ninput p\noutput c\n" : "");
	brn_buf_printf(t, "output q\nnode q = ");
	if (loop)
		brn_buf_printf(t, node[b / 8 % BRN_COUNT(node)], outer);
	else
		brn_buf_printf(t, b / 8 % 2 ? "Neg(%s)" : "Identity(%s)",
		    outer);
	brn_buf_printf(t, "\nend\n");
}

/* An If or a Loop of a few steps for the next value.  */
static void
put_flow(struct maker *k, const struct record *r, enum brn_op op)
{
	struct brn_buf *t = &k->g->text;
	int seen = k->nvalue, id = seen;
	const char *x = k->value[seen - 1 - r->b[2] % seen], *v;
	char a[32], b[32];

	snprintf(a, sizeof a, "then%d", id);
	snprintf(b, sizeof b, "else%d", id);
	put_body(k, r->b[3], seen, a, op == BRN_OP_loop);
	if (op == BRN_OP_if)
		put_body(k, r->b[4], seen, b, 0);
	v = add_value(k, 'v');
	if (op == BRN_OP_if)
		brn_buf_printf(t, "node %s = If(%s) then_branch=@%s "
		    "else_branch=@%s\n", v, x, a, b);
	else
		brn_buf_printf(t, "init n%d int64 [] raw %d\n"
		    "node %s = Loop(n%d,,%s) body=@%s\n", id, r->b[5] % 5,
		    v, id, x, a);
}

static void
put_inputs(struct maker *k, const struct record *r, enum brn_op op, int seen)
{
	const struct brn_op_info *info = &brn_ops[op];
	int extra = info->hi - info->lo, n = info->lo;

	if (extra)
		n += r->b[1] % ((extra > 4 ? 4 : extra) + 1);
	for (int i = 0; i < n; i++) {
		uint8_t b = r->b[2 + i % 8];
		const char *name = k->value[seen - 1 - b % seen];

		brn_buf_printf(&k->g->text, "%s%s", i ? "," : "",
		    b == 255 && i >= info->lo ? "" : name);
	}
}

/* The first bytes of records that are recurrent.  */
enum { RECURRENT = 250 };

/* An RNN, GRU or LSTM with weights of one number over a value, which is given
 * three dimensions.  */
static void
put_recurrent(struct maker *k, const struct record *r)
{
	static const struct {
		const char *name, *attr;
		int gates;
	} cells[] = {
		{ "RNN", "", 1 }, { "GRU", "", 3 },
		{ "GRU", " linear_before_reset=1", 3 }, { "LSTM", "", 4 },
		{ "LSTM", " input_forget=1", 4 }, { "LSTM", " clip=0.5f", 4 },
	};
	static const char *const direction[] = { "forward", "reverse",
	    "bidirectional" };
	int c = r->b[0] % (int)BRN_COUNT(cells), seen = k->nvalue, id = seen;
	int dir = r->b[1] % 3, h = 1 + r->b[3] % 20, n = 1 + r->b[5] % 4;
	struct brn_buf *t = &k->g->text;
	const char *x = k->value[seen - 1 - r->b[2] % seen];

	brn_buf_printf(t, "init x%d_to int64 [3] raw -1 %d %d\n"
	    "init w%d_to int64 [3] raw %d %d %d\n"
	    "init r%d_to int64 [3] raw %d %d %d\n"
	    "node x%d_f = Cast(%s) to=1\nnode x%d_3 = Reshape(x%d_f,x%d_to)\n",
	    id, 1 + r->b[4] % 18, n, id, 1 + dir / 2, cells[c].gates * h, n,
	    id, 1 + dir / 2, cells[c].gates * h, h, id, x, id, id, id);
	for (int i = 0; i < 2; i++)
		brn_buf_printf(t, "node %c%d_c = ConstantOfShape(%c%d_to) "
		    "value=float[1]{%.9g}\n", "wr"[i], id, "wr"[i], id,
		    ((int)r->b[6 + i] - 128) / 256.0);
	brn_buf_printf(t, "node %s = %s(x%d_3,w%d_c,r%d_c) direction='%s'%s\n",
	    add_value(k, 'v'), cells[c].name, id, id, id, direction[dir],
	    cells[c].attr);
}

static void
put_pattern(struct maker *k, const struct record *r)
{
	struct fuzz_pattern p = { &k->g->text, r->b, k->nvalue,
	    k->value[k->nvalue - 1 - r->b[2] % k->nvalue],
	    (const char (*)[16])k->value, k->nvalue, 0 };

	fuzz_put_pattern(&p, add_value(k, 'v'));
	k->g->wild |= p.wild;
}

/* Nodes that are more than an operator with random operands.  0: r is none of
 * these.  */
static int
put_special(struct maker *k, const struct record *r)
{
	enum brn_op op = op_of(r->b[0]);

	if (r->b[FUZZ_PATTERN] >= FUZZ_PATTERN_FROM)
		put_pattern(k, r);
	else if (r->b[0] >= RECURRENT)
		put_recurrent(k, r);
	else if (brn_ops[op].flags & BRN_BODIES)
		put_flow(k, r, op);
	else
		return 0;
	return 1;
}

static void
node(struct maker *k)
{
	struct record r = next(k, NODE);
	struct brn_buf *t = &k->g->text;
	enum brn_op op = op_of(r.b[0]);
	int seen = k->nvalue, outs = op == BRN_OP_split ? r.b[10] % 3 + 1 : 1;

	if (put_special(k, &r))
		return;
	brn_buf_printf(t, "node ");
	for (int i = 0; i < outs && k->nvalue < MAX_VALUES; i++)
		brn_buf_printf(t, "%s%s", i ? "," : "", add_value(k, 'v'));
	brn_buf_printf(t, " = %s(", brn_ops[op].onnx);
	put_inputs(k, &r, op, seen);
	brn_buf_printf(t, ")");
	put_attrs(t, &r, op);
	brn_buf_printf(t, "\n");
}

void
fuzz_graph_make(struct fuzz_graph *g, const uint8_t *p, size_t n)
{
	struct maker k = { g, p, n };
	struct record head;
	int nleaf, nnode;

	memset(g, 0, sizeof *g);
	g->p = p;
	g->n = n;
	g->nrun = 1;
	head = next(&k, HEAD);
	nleaf = 1 + head.b[1] % 6;
	nnode = 1 + head.b[2] % FUZZ_NODES;
	brn_buf_printf(&g->text, "opset %d\n", 21 - head.b[0] % 13);
	for (int i = 0; i < nleaf; i++)
		leaf(&k);
	for (int i = 0; i < nnode && k.nvalue < MAX_VALUES; i++)
		node(&k);
	brn_buf_printf(&g->text, "output %s\n", k.value[k.nvalue - 1]);
	if (g->text.fail)
		abort();
}

void
fuzz_graph_free(struct fuzz_graph *g)
{
	brn_buf_free(&g->text);
	for (int i = 0; i < g->nin; i++)
		for (int r = 0; r < FUZZ_RUNS; r++)
			free(g->in[r][i].data);
}

/* ---- mutations ----------------------------------------------------------- */

/* Leaves or nodes: count records of size bytes, from at on.  */
struct records {
	size_t at, size, count;
};

static uint8_t *
any_record(uint8_t *p, const struct records *r, uint64_t *seed)
{
	return p + r->at + fuzz_random(seed) % r->count * r->size;
}

size_t
fuzz_records(uint8_t *p, size_t n, size_t max, uint64_t *seed)
{
	struct records leaves = { HEAD, LEAF, 0 }, nodes, *r;
	uint64_t how = fuzz_random(seed) % 8;

	if (n < HEAD + LEAF + NODE)
		return fuzz_bytes(p, n, max, seed);
	leaves.count = 1 + p[1] % 6;
	nodes = (struct records){ HEAD + leaves.count * LEAF, NODE,
	    1 + p[2] % FUZZ_NODES };
	if (n < nodes.at + nodes.count * NODE)
		return fuzz_bytes(p, n, max, seed);
	if (how == 0 && nodes.count < FUZZ_NODES &&
	    nodes.at + (nodes.count + 1) * NODE <= max) {
		p[2] = (uint8_t)nodes.count++;
		for (size_t i = 0; i < NODE; i++)
			p[nodes.at + (nodes.count - 1) * NODE + i] =
			    (uint8_t)fuzz_random(seed);
		return nodes.at + nodes.count * NODE;
	}
	r = how % 2 ? &leaves : &nodes;
	if (how < 3)
		memmove(any_record(p, r, seed), any_record(p, r, seed),
		    r->size);
	else
		any_record(p, r, seed)[fuzz_random(seed) % r->size] =
		    (uint8_t)fuzz_random(seed);
	return n;
}
