// A program as Python lays it out (see program/program.py), and how its tables meet other arrays.
#pragma once

#include "base.h"

namespace core {

struct Node {
    int64_t variable, states, width, parent, place, weight, conditional;
    int64_t axes, axes_end, operands, operands_end, children, children_end;
    int64_t seen, table, message;
};
struct SeparatorAxis {
    int64_t variable, states;
};
struct Operand {
    int64_t offset, block, strides, slices, slices_end;
};
struct Slice {
    int64_t variable, stride;
};
struct Sizes {
    int64_t tables, messages, weights, answer;
};

struct Program {
    Span<const Node> nodes;
    Span<const SeparatorAxis> axes;
    Span<const Operand> operands;
    Span<const Slice> slices;
    Span<const int64_t> strides;
    Span<const int64_t> children;
    Span<const Operand> scalars;
    Span<const int64_t> weights;
    Span<const uint8_t> observed;
    Sizes sizes;
};

// Where an operand lies for the observed states.
inline int64_t start_of(const Program &program, const Operand &operand, const int64_t *states) {
    int64_t at = operand.offset;
    for (int64_t k = operand.slices; k < operand.slices_end; ++k)
        at += program.slices[k].stride * states[program.slices[k].variable];
    return at;
}

// A row of a table is walked tile by tile, a tile being its last axes. `View` tells where the values
// of another array lie for it: those of row r, tile t start at r * row + outer[t], and entry j of
// the tile reads that one value, the j-th from there, or the one at inner[j] from there. The last
// come in blocks: entries that read one value after the other, or all the same (`repeats`).
enum class Meets : int32_t { kOne, kRun, kGather };

struct View {
    int64_t row;
    Meets meets;
    bool repeats;
    int64_t block;
    const int32_t *outer, *inner;
    // the same the other way: value to[k] belongs to the entries from[k] + gone[0], gone[1], ...
    int64_t kept, dropped;
    const int32_t *from, *to, *gone;

    int64_t start(int64_t r, int64_t t) const { return r * row + outer[t]; }
};

struct Tiling {
    int64_t tile, tiles;
};

constexpr int64_t kTile = 256;  // entries of a tile at most, unless one axis has more

// A program with the views of its tables.
struct Tree {
    Program program;
    Span<Tiling> tiling;   // of each node
    Span<View> operands;   // of each operand
    Span<View> messages;   // of each node's message, by its parent's table
    Span<uint8_t> asked;   // whether a node's marginal, or that of one below it, is in an answer
    int64_t widest = 1;    // entries of the largest tile

    void lay(Arena &arena);

  private:
    Tiling split(const Node &node, int64_t *first) const;
    View view(Arena &arena, const Node &node, const Tiling &tiling, int64_t strides) const;
};

inline Tiling Tree::split(const Node &node, int64_t *first) const {
    int64_t a = node.axes_end, tile = 1;
    while (a > node.axes && (tile == 1 || tile * program.axes[a - 1].states <= kTile))
        tile *= program.axes[--a].states;
    *first = a;
    return {tile, node.width / tile};
}

// Writes the offsets of all entries over some axes, the last axis fastest.
inline void enumerate(Span<const SeparatorAxis> axes, Span<const int64_t> strides, Span<int32_t> out) {
    out[0] = 0;
    int64_t n = 1;
    for (int64_t a = 0; a < axes.size; ++a) {
        int64_t states = axes[a].states, stride = strides[a];
        for (int64_t i = n - 1; i >= 0; --i) {
            int32_t x = out[i];
            for (int64_t s = states - 1; s >= 0; --s) out[i * states + s] = int32_t(x + s * stride);
        }
        n *= states;
    }
}

// Lays out which entries of a tile belong to each value that a view meets.
inline void turn(Arena &arena, Span<const SeparatorAxis> axes, Span<const int64_t> strides,
                 View *view) {
    constexpr int64_t kMost = 64;
    SeparatorAxis kept[kMost], gone[kMost];
    int64_t kept_in[kMost], kept_out[kMost], gone_in[kMost], k = 0, g = 0, step = 1;
    for (int64_t a = axes.size - 1; a >= 0; --a) step *= axes[a].states;
    for (int64_t a = 0; a < axes.size && a < kMost; ++a) {
        step /= axes[a].states;
        if (strides[a]) {
            kept[k] = axes[a], kept_in[k] = step, kept_out[k++] = strides[a];
            view->kept = most(view->kept, int64_t(1)) * axes[a].states;
        } else {
            gone[g] = axes[a], gone_in[g++] = step;
            view->dropped *= axes[a].states;
        }
    }
    Span<int32_t> from = arena.span<int32_t>(view->kept), to = arena.span<int32_t>(view->kept);
    Span<int32_t> apart = arena.span<int32_t>(view->dropped);
    if (!from.data) return;
    enumerate({kept, k}, {kept_in, k}, from);
    enumerate({kept, k}, {kept_out, k}, to);
    enumerate({gone, g}, {gone_in, g}, apart);
    view->from = from.data, view->to = to.data, view->gone = apart.data;
}

inline View Tree::view(Arena &arena, const Node &node, const Tiling &tiling, int64_t at) const {
    int64_t first = 0;
    split(node, &first);
    int64_t count = node.axes_end - node.axes, outer = first - node.axes;
    Span<const SeparatorAxis> axes = program.axes.slice(node.axes, node.axes_end);
    Span<const int64_t> strides = program.strides.slice(at + 1, at + 1 + count);
    bool one = true, run = true;
    int64_t same = 1, step = 1;  // how many entries read one value; values that follow each other
    for (int64_t a = count - 1; a >= outer; --a) {
        if (axes[a].states == 1) continue;
        one = one && strides[a] == 0;
        run = run && strides[a] == step;
        if (one) same *= axes[a].states;
        if (run) step *= axes[a].states;
    }
    View out{program.strides[at], one ? Meets::kOne : run ? Meets::kRun : Meets::kGather, same > 1,
             most(same, step), nullptr, nullptr, 0, 1, nullptr, nullptr, nullptr};
    Span<int32_t> starts = arena.span<int32_t>(tiling.tiles);
    bool gather = out.meets == Meets::kGather;
    Span<int32_t> pattern = arena.span<int32_t>(gather ? tiling.tile : 0);
    if (starts.data) {
        enumerate(axes.slice(0, outer), strides.slice(0, outer), starts);
        if (gather) enumerate(axes.slice(outer, count), strides.slice(outer, count), pattern);
        out.outer = starts.data, out.inner = gather ? pattern.data : nullptr;
    }
    if (gather) turn(arena, axes.slice(outer, count), strides.slice(outer, count), &out);
    return out;
}

inline void Tree::lay(Arena &arena) {
    int64_t count = program.nodes.size;
    tiling = arena.span<Tiling>(count);
    operands = arena.span<View>(program.operands.size);
    messages = arena.span<View>(count);
    asked = arena.span<uint8_t>(count);
    bool real = count == 0 || tiling.data != nullptr;
    for (int64_t i = 0; i < count; ++i) {
        const Node &node = program.nodes[i];
        int64_t first = 0;
        Tiling mine = split(node, &first);
        if (real) tiling[i] = mine, asked[i] = node.place >= 0;
        widest = most(widest, mine.tile);
        for (int64_t k = node.operands; k < node.operands_end; ++k) {
            View made = view(arena, node, mine, program.operands[k].strides);
            if (real) operands[k] = made;
        }
        for (int64_t k = node.children; k < node.children_end; ++k) {
            int64_t child = program.children[k];
            View made = view(arena, node, mine, program.nodes[child].seen);
            if (real) messages[child] = made, asked[i] = asked[i] || asked[child];
        }
    }
}

}  // namespace core
