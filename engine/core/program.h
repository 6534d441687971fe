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

// A row of a table is walked tile by tile, a tile being its last axes. A view tells where another
// array's values lie for a table: those of row r, tile t start at r * row + outer[t]. From there a
// tile is read block by block: over block k the array is read one value after the other (`runs`) or
// is one value, and inner[k] says where.
struct View {
    int64_t row;
    const int32_t *outer;
    const int32_t *inner;  // null: one value for a whole tile
    int64_t block;
    int64_t repeat;        // entries of a tile that read one value after each other
    bool runs;

    int64_t start(int64_t r, int64_t t) const { return r * row + outer[t]; }
};

struct Tiling {
    int64_t tile, tiles;
};

inline bool is_whole(const View &view, int64_t tile) { return view.runs && view.block == tile; }

// How an array of fewer axes meets a small table, whose rows are the view's tiles, or whose only
// tile is all of it (`flat`). An array that is summed onto has `bases`, where the table first meets
// each of its blocks (if they run) or entries, and at each of the `terms` from there it does so again.
struct Meeting {
    View view;
    bool flat;
    const int32_t *bases, *terms;
    int32_t base_count, term_count;
    int32_t twin;  // an earlier child with the same meeting; kRows: row by row; kNone
};
constexpr int32_t kNone = -1, kRows = -2;

constexpr int64_t kSmall = 512;      // entries of a table, all rows of it, that is worked on whole;
constexpr int64_t kScattered = 8192;  // and of one that something meets in no blocks

constexpr int64_t kTile = 512;   // entries of a tile at most, unless one axis has more;
constexpr int64_t kTiles = 4096;  // of the same tile of all rows; but 64 in any case
constexpr int64_t kBlock = 4;   // entries of a block that is worth a loop of its own

// Calls with each entry of a tile, and where a view has its value.
template <class Use>
inline void each_entry(const View &view, int64_t tile, Use use) {
    int64_t step = view.runs ? 1 : 0;
    for (int64_t k = 0; k * view.block < tile; ++k)
        for (int64_t j = 0, at = view.inner ? view.inner[k] : 0; j < view.block; ++j)
            use(k * view.block + j, at + step * j);
}

constexpr int64_t kRow = 16;  // entries of a row that is worth a loop of its own

// An axis of a table: the strides of another array and of the table itself.
struct TableAxis {
    int64_t states, other, own;
};

// The axes of a table that have two states or more, as another array sees them.
struct TableAxes {
    static constexpr int kMost = 64;
    TableAxis axis[kMost];
    int count = 0;

    void add(int64_t states, int64_t other) {
        if (states == 1) return;
        for (int a = 0; a < count; ++a) axis[a].own *= states;
        axis[count++] = {states, other, 1};
    }
    // Entries at the end, at most `tile`, that read one value, or values that follow each other.
    void reach(int64_t tile, int64_t *same, int64_t *run) const {
        *same = *run = 1;
        bool one = true, dense = true;
        for (int a = count - 1; a >= 0 && (one || dense) && axis[a].own < tile; --a) {
            one = one && axis[a].other == 0;
            dense = dense && axis[a].other == *run;
            if (one) *same *= axis[a].states;
            if (dense) *run *= axis[a].states;
        }
    }
    // The first of the axes over the last entries.
    int first_of(int64_t entries) const {
        int a = count;
        while (a > 0 && axis[a - 1].own < entries) --a;
        return a;
    }
};

// A program with the views of its tables.
struct Tree {
    Program program;
    Span<Tiling> tiling;   // of each node
    Span<View> operands;   // of each operand
    Span<View> messages;   // of each node's message, by its parent's table
    Span<uint8_t> asked;   // whether a node's marginal, or that of one below it, is in an answer
    Span<uint8_t> once;    // whether each entry of a message meets one tile of one row, or one entry
    Span<int64_t> teller;  // the child whose separator tells a node's marginal; -1 for none
    Span<int64_t> kept;    // where a small table is kept; -1 for large ones
    Span<Meeting> operand_meetings, message_meetings;  // of small tables
    int64_t kept_size = 0;
    int64_t widest = 1;    // entries of the largest tile
    int64_t most_states = 1;
    int64_t factors = 0;   // operands and children of the node that has most

    void lay(Arena &arena);

  private:
    TableAxes axes_of(const Node &node, int64_t strides) const;
    Span<const int64_t> strides_of(const Node &node, int64_t at) const {
        return program.strides.slice(at + 1, at + 1 + node.axes_end - node.axes);
    }
    Tiling split(const Node &node) const;
    bool is_scattered(const Node &node, const Tiling &tiling) const;
    void find_teller(int64_t i);
    void find_twin(const Node &node, int64_t child) const;
    View view(Arena &arena, const Node &node, const Tiling &tiling, int64_t strides) const;
    Meeting meeting(Arena &arena, const Node &node, int64_t strides) const;
};

// Tiles as large as fits.
inline Tiling Tree::split(const Node &node) const {
    int64_t a = node.axes_end, tile = 1, top = most(least(kTile, kTiles / node.states), int64_t(64));
    while (a > node.axes && (tile == 1 || tile * program.axes[a - 1].states <= top))
        tile *= program.axes[--a].states;
    return {tile, node.width / tile};
}

// Whether an array meets tiles of a table in no blocks.
inline bool Tree::is_scattered(const Node &node, const Tiling &tiling) const {
    bool found = false;
    auto meet = [&](int64_t strides) {
        int64_t same, run;
        axes_of(node, strides).reach(tiling.tile, &same, &run);
        found = found || most(same, run) < least(kBlock, tiling.tile);
    };
    for (int64_t k = node.operands; k < node.operands_end; ++k) meet(program.operands[k].strides);
    for (int64_t k = node.children; k < node.children_end; ++k)
        meet(program.nodes[program.children[k]].seen);
    return found;
}

// Writes the offsets of all entries over some axes, the last axis fastest.
inline void enumerate(const TableAxis *axes, int count, int64_t TableAxis::*stride, Span<int32_t> out) {
    if (!out.data) return;
    out[0] = 0;
    int64_t n = 1;
    for (int a = 0; a < count; ++a) {
        int64_t states = axes[a].states, step = axes[a].*stride;
        for (int64_t i = n - 1; i >= 0; --i) {
            int32_t x = out[i];
            for (int64_t s = states - 1; s >= 0; --s) out[i * states + s] = int32_t(x + s * step);
        }
        n *= states;
    }
}

// The view of the last axes of a table in tiles.
inline View view_of(Arena &arena, const TableAxes &axes, const Tiling &tiling, int64_t row) {
    View out{row, nullptr, nullptr, tiling.tile, 1, false};
    int64_t run;
    axes.reach(tiling.tile, &out.repeat, &run);
    bool one = out.repeat == tiling.tile;
    if (!one) {
        out.block = most(out.repeat, run), out.runs = run > out.repeat;
        if (out.block < kBlock && out.block < tiling.tile) out.block = 1, out.runs = false;
    }
    int outer = axes.first_of(tiling.tile), first = outer, end = axes.first_of(out.block);
    while (first > 0 && axes.axis[first - 1].own < tiling.tile * tiling.tiles) --first;
    Span<int32_t> starts = arena.span<int32_t>(tiling.tiles);
    enumerate(axes.axis + first, outer - first, &TableAxis::other, starts);
    out.outer = starts.data;
    if (one) return out;
    Span<int32_t> inner = arena.span<int32_t>(tiling.tile / out.block);
    enumerate(axes.axis + outer, end - outer, &TableAxis::other, inner);
    out.inner = inner.data;
    return out;
}

inline TableAxes Tree::axes_of(const Node &node, int64_t strides) const {
    TableAxes out;
    out.add(node.states, program.strides[strides]);
    for (int64_t a = node.axes; a < node.axes_end; ++a)
        out.add(program.axes[a].states, program.strides[strides + 1 + a - node.axes]);
    return out;
}

inline View Tree::view(Arena &arena, const Node &node, const Tiling &tiling, int64_t strides) const {
    return view_of(arena, axes_of(node, strides), tiling, program.strides[strides]);
}

inline Meeting Tree::meeting(Arena &arena, const Node &node, int64_t strides) const {
    TableAxes axes = axes_of(node, strides);
    const int64_t size = node.states * node.width;
    int64_t same, run;
    axes.reach(size, &same, &run);
    Meeting out{};
    out.twin = kNone;
    out.flat = node.width < kRow || most(same, run) > node.width;
    out.view = view_of(arena, axes, {out.flat ? size : node.width, 1}, program.strides[strides]);
    int64_t block = out.view.block;
    int end = axes.first_of(block), own = 0;
    out.base_count = out.term_count = 1;
    for (int a = 0; a < end; ++a) {  // the array's own axes come first, in its order
        TableAxis axis = axes.axis[a];
        int at = a;
        for (; at > 0 && axis.other > axes.axis[at - 1].other; --at) axes.axis[at] = axes.axis[at - 1];
        axes.axis[at] = axis;
        own += axis.other != 0;
        (axis.other ? out.base_count : out.term_count) *= int32_t(axis.states);
    }
    Span<int32_t> bases = arena.span<int32_t>(out.base_count);
    Span<int32_t> terms = arena.span<int32_t>(out.term_count);
    enumerate(axes.axis, own, &TableAxis::own, bases);
    enumerate(axes.axis + own, end - own, &TableAxis::own, terms);
    out.bases = bases.data, out.terms = terms.data;
    return out;
}

inline void Tree::find_twin(const Node &node, int64_t child) const {
    const Node &c = program.nodes[child];
    Meeting &mine = message_meetings[child];
    Span<const int64_t> seen = strides_of(node, c.seen);
    bool rows = node.place >= 0 && program.strides[c.seen] == 1;
    for (int64_t stride : seen) rows = rows && stride == 0;
    if (rows) mine.twin = kRows;
    for (int64_t k = node.children; mine.twin == kNone && program.children[k] != child; ++k) {
        const Node &other = program.nodes[program.children[k]];
        bool same = program.strides[other.seen] == program.strides[c.seen] &&
                    asked[program.children[k]];
        for (int64_t a = 0; same && a < seen.size; ++a)
            same = seen[a] == strides_of(node, other.seen)[a];
        if (same) mine.twin = int32_t(program.children[k]);
    }
}

inline void Tree::lay(Arena &arena) {
    int64_t count = program.nodes.size;
    kept = arena.span<int64_t>(count);
    operand_meetings = arena.span<Meeting>(program.operands.size);
    message_meetings = arena.span<Meeting>(count);
    kept_size = 0;
    tiling = arena.span<Tiling>(count);
    operands = arena.span<View>(program.operands.size);
    messages = arena.span<View>(count);
    asked = arena.span<uint8_t>(count);
    teller = arena.span<int64_t>(count);
    once = arena.span<uint8_t>(count);
    bool real = count == 0 || tiling.data != nullptr;
    for (int64_t i = 0; i < count; ++i) {
        const Node &node = program.nodes[i];
        Tiling mine = split(node);
        bool small = node.states * node.width <= (is_scattered(node, mine) ? kScattered : kSmall);
        if (real) tiling[i] = mine, asked[i] = node.place >= 0, kept[i] = small ? kept_size : -1;
        if (small) kept_size += (node.states * node.width + 7) / 8 * 8;
        widest = most(widest, small ? node.width : mine.tile);
        most_states = most(most_states, node.states);
        factors = most(factors, node.operands_end - node.operands + node.children_end - node.children);
        for (int64_t k = node.operands; k < node.operands_end; ++k) {
            View made = view(arena, node, mine, program.operands[k].strides);
            if (real) operands[k] = made;
            if (!small) continue;
            Meeting met = meeting(arena, node, program.operands[k].strides);
            if (real) operand_meetings[k] = met;
        }
        for (int64_t k = node.children; k < node.children_end; ++k) {
            int64_t child = program.children[k];
            View made = view(arena, node, mine, program.nodes[child].seen);
            Meeting met{};
            if (small) met = meeting(arena, node, program.nodes[child].seen);
            if (!real) continue;
            message_meetings[child] = met;
            messages[child] = made, asked[i] = asked[i] || asked[child];
            int64_t width = program.nodes[child].width;
            once[child] = width == node.states * node.width ||
                          (width == node.states && mine.tiles == 1 && !made.inner);
        }
        if (real) find_teller(i);
        for (int64_t k = node.children; real && small && k < node.children_end; ++k)
            find_twin(node, program.children[k]);
    }
}

// Of the children that have the node's variable in their separators and are asked, the smallest.
inline void Tree::find_teller(int64_t i) {
    const Node &node = program.nodes[i];
    teller[i] = -1;
    for (int64_t k = node.children; k < node.children_end; ++k) {
        int64_t child = program.children[k];
        if (asked[child] && messages[child].row &&
            (teller[i] < 0 || program.nodes[child].width < program.nodes[teller[i]].width))
            teller[i] = child;
    }
}

}  // namespace core
