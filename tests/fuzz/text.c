/* SPDX-License-Identifier: Apache-2.0
 *
 * Fuzzing of the reader of graphs as text, and of what takes its graphs: a text
 * can say what no ONNX file can.
 */
#include "tests/fuzz/fuzz.h"

#include "ir/graph/list.h"
#include "ir/graph/read.h"
#include "ir/op/infer.h"
#include "ir/op/ref.h"
#include "passes/pass.h"
#include "tests/fuzz/wire.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_NUMEL = 1 << 14, MAX_PORTS = 8, MAX_LINE = 512, MAX_WORD = 64 };

static size_t fuzz_lines(uint8_t *p, size_t n, size_t max, uint64_t *seed);

const struct fuzz_target fuzz_target = {
	.name = "text",
	.max = 1 << 13,
	.mutate = fuzz_lines,
};

static void
must(int ok)
{
	if (!ok)
		abort();
}

/* ---- changes ------------------------------------------------------------- */

struct piece {
	size_t at, n;
};

static int
is_word(uint8_t c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || c == '_' ||
	    c == '-' || c == '.';
}

static struct piece
any_word(const uint8_t *p, size_t n, uint64_t *seed)
{
	struct piece w = { fuzz_random(seed) % n, 0 };

	while (w.at < n && !is_word(p[w.at]))
		w.at++;
	while (w.at && is_word(p[w.at - 1]))
		w.at--;
	while (w.at + w.n < n && is_word(p[w.at + w.n]))
		w.n++;
	return w;
}

static struct piece
any_line(const uint8_t *p, size_t n, uint64_t *seed)
{
	struct piece l = { fuzz_random(seed) % n, 0 };

	while (l.at && p[l.at - 1] != '\n')
		l.at--;
	while (l.at + l.n < n && p[l.at + l.n] != '\n')
		l.n++;
	l.n += l.at + l.n < n;
	return l;
}

/* Put k bytes at s in the place of a piece.  */
static size_t
replace(uint8_t *p, size_t n, size_t max, struct piece old, const uint8_t *s,
    size_t k)
{
	if (n - old.n + k > max)
		return n;
	memmove(p + old.at + k, p + old.at + old.n, n - old.at - old.n);
	memcpy(p + old.at, s, k);
	return n - old.n + k;
}

/* Words that mean something.  */
static const char *const words[] = { "0", "1", "2", "-1", "3", "8", "255",
	"2147483647", "9223372036854775807", "-9223372036854775808", "1.5",
	"nan", "inf", "1e30", "f32", "i64", "bool", "u8", "batch", "seq", "_",
	"axis", "perm", "heads", "act", "trans_w", "scale", "axes",
	"kernel_shape", "strides", "pads", "group", "to", "mode", "keepdims",
	"equation", "index", "nout", "auto_pad", "dilations", "epsilon",
	"value", "reduction", "axis=1", "to=7", "group=0" };

static size_t
change_word(uint8_t *p, size_t n, size_t max, uint64_t *seed)
{
	struct piece to = any_word(p, n, seed), from = any_word(p, n, seed);
	uint64_t k = fuzz_random(seed) % (2 * BRN_COUNT(words) + BRN_NUM_OPS);
	uint8_t copy[MAX_WORD];
	const char *s = NULL;

	if (k < BRN_COUNT(words))
		s = words[k];
	else if (k < BRN_COUNT(words) + BRN_NUM_OPS)
		s = brn_ops[k - BRN_COUNT(words)].name;
	if (s)
		return replace(p, n, max, to, (const uint8_t *)s, strlen(s));
	from.n = from.n < MAX_WORD ? from.n : MAX_WORD;
	memcpy(copy, p + from.at, from.n);
	return replace(p, n, max, to, copy, from.n);
}

/* A line is gone, or stands a second time somewhere.  */
static size_t
change_line(uint8_t *p, size_t n, size_t max, uint64_t *seed)
{
	struct piece to = any_line(p, n, seed), from = any_line(p, n, seed);
	uint8_t copy[MAX_LINE] = { 0 };

	if (from.n > MAX_LINE || fuzz_random(seed) % 2)
		return replace(p, n, max, to, copy, 0);
	memcpy(copy, p + from.at, from.n);
	to.n = 0;
	return replace(p, n, max, to, copy, from.n);
}

static size_t
fuzz_lines(uint8_t *p, size_t n, size_t max, uint64_t *seed)
{
	uint64_t how = fuzz_random(seed) % 8;

	if (n == 0 || how == 0)
		return fuzz_bytes(p, n, max, seed);
	return how == 1 ? change_line(p, n, max, seed) :
	    change_word(p, n, max, seed);
}

size_t
LLVMFuzzerCustomMutator(uint8_t *p, size_t n, size_t max, unsigned seed)
{
	uint64_t state = seed + 1;

	for (uint64_t k = fuzz_random(&state) % 3 + 1; k; k--)
		n = fuzz_lines(p, n, max, &state);
	return n;
}

/* ---- what must hold ------------------------------------------------------ */

static struct brn_graph *
read_text(const uint8_t *p, size_t n)
{
	struct brn_graph *g = NULL;
	burin_error err = { 0 };
	int rc = brn_graph_read(p, n, NULL, "t", 1, &g, &err);

	must(rc == 0 || (err.code == rc && err.msg[0]));
	return g;
}

/* A graph that was read prints as a text that reads as the same graph.  */
static void
must_read_again(const struct brn_graph *g)
{
	struct brn_buf a = { 0 }, b = { 0 };
	struct brn_graph *h;

	brn_graph_print(&a, g);
	must(!a.fail);
	h = read_text(a.p, a.n);
	must(h != NULL);
	brn_graph_print(&b, h);
	must(a.n == b.n && !memcmp(a.p, b.p, a.n));
	brn_buf_free(&a);
	brn_buf_free(&b);
	brn_graph_free(h);
}

static int
is_small(const struct brn_graph *g)
{
	for (int i = 0; i < g->nnode; i++) {
		int64_t n = brn_type_numel(&g->node[i]->type);

		if (n < 0 || n > MAX_NUMEL)
			return 0;
	}
	return g->nin <= MAX_PORTS && g->nout <= MAX_PORTS;
}

static void
compute(struct brn_graph *g)
{
	struct brn_arena *a = brn_arena_new();
	struct brn_tensor in[MAX_PORTS] = { { { 0 }, NULL } }, out[MAX_PORTS];
	burin_error err;

	must(a != NULL);
	for (int i = 0; i < g->nin; i++) {
		in[i].type = g->in[i].type;
		in[i].data = brn_arena_alloc(a,
		    (size_t)brn_numel(&in[i]), 8);
		must(in[i].data != NULL);
	}
	if (brn_ref_graph(g, in, out, a, &err) == 0)
		for (int i = 0; i < g->nout; i++)
			if (brn_is_list(&out[i].type))
				brn_list_drop(brn_list_of(&out[i]));
	brn_arena_free(a);
}

/* Symbols of inputs become 2.  */
static void
fix_sizes(struct brn_graph *g)
{
	for (int i = 0; i < g->nin; i++)
		for (int d = 0; d < g->in[i].type.rank; d++)
			if (brn_is_sym(g->in[i].type.dim[d]))
				g->in[i].type.dim[d] = 2;
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	const struct brn_pass_opts o = { .sparse = 1, .verify = 1 };
	struct brn_graph *g = read_text(p, n);
	burin_error err = { 0 };

	if (!g)
		return 0;
	must_read_again(g);
	if (brn_infer_types(g, &err) == 0 && brn_graph_verify(g, &err) == 0 &&
	    brn_passes_run(g, &o, &err) == 0) {
		fix_sizes(g);
		if (brn_infer_types(g, &err) == 0 && is_small(g))
			compute(g);
	}
	brn_graph_free(g);
	return 0;
}
