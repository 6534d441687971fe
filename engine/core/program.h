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

// A row of a table is walked tile by tile, a tile being its last axes, and a tile block by block: over
// a block each array that meets the table is read one value after the other, or is one value. A view
// tells where another array's values lie for a table: those of row r, tile t, block k start at
// r * row + outer[t] + inner[k].
struct View {
    int64_t row;
    const int32_t *outer;
    const int32_t *inner;  // null: one value for a whole tile
    int64_t repeat;        // entries of a tile that read one value after each other
    bool runs;             // over a block, one value after the other; over a tile if blocks are of 1

    int64_t start(int64_t r, int64_t t) const { return r * row + outer[t]; }
};

struct Tiling {
    int64_t tile, tiles, block;
};

// How an array of fewer axes meets a small table. The table is walked in periods (its rows, or all of
// it at once), and a period in blocks, over which the array is read one value after the other
// (`along`) or is one value: the value at the start of block k of period p is map[k] + p * step. An
// array that is summed onto has `bases`, where the table first meets each of its blocks (along) or
// entries, and at each of the `terms` from there it does so again.
struct Meeting {
    const int32_t *map, *bases, *terms;
    int32_t period, periods, step, block, base_count, term_count;
    bool along;
    int32_t twin;  // an earlier child with the same meeting; kRows: row by row; kNone

    bool is_whole() const { return along && block == period && periods == 1; }
};
constexpr int32_t kNone = -1, kRows = -2;

constexpr int64_t kSmall = 512;      // entries of a table, all rows of it, that is worked on whole;
constexpr int64_t kScattered = 8192;  // and of one that has no blocks

constexpr int64_t kTile = 512;   // entries of a tile at most, unless one axis has more;
constexpr int64_t kTiles = 4096;  // of the same tile of all rows; but 64 in any case
constexpr int64_t kBlock = 4;   // entries of a block that is worth a loop of its own

// Calls with each entry of a tile, and where a view has its value.
template <class Use>
inline void each_entry(const View &view, const Tiling &tiling, Use use) {
    int64_t step = view.runs ? 1 : 0;
    for (int64_t k = 0; k * tiling.block < tiling.tile; ++k)
        for (int64_t j = 0, at = view.inner ? view.inner[k] : 0; j < tiling.block; ++j)
            use(k * tiling.block + j, at + step * j);
}

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
    Span<const SeparatorAxis> axes_of(const Node &node) const {
        return program.axes.slice(node.axes, node.axes_end);
    }
    Span<const int64_t> strides_of(const Node &node, int64_t at) const {
        return program.strides.slice(at + 1, at + 1 + node.axes_end - node.axes);
    }
    Tiling split(const Node &node) const;
    int64_t first_of(const Node &node, const Tiling &tiling) const;
    View view(Arena &arena, const Node &node, const Tiling &tiling, int64_t strides) const;
    void find_teller(int64_t i);
    void find_twin(const Node &node, int64_t child) const;
    Meeting meeting(Arena &arena, const Node &node, int64_t strides) const;
};

constexpr int64_t kPeriod = 16;  // entries of a row that is worth a loop of its own

// How many entries at the end of a table read one value, and how many read values that follow each
// other.
struct Reach {
    int64_t same = 1, run = 1;

    Reach(Span<const SeparatorAxis> axes, Span<const int64_t> strides) {
        for (int64_t a = axes.size - 1; a >= 0; --a) add(axes[a].states, strides[a]);
    }
    Reach() = default;

    // Takes in the axis before; false where it ends both.
    bool add(int64_t states, int64_t stride) {
        if (states == 1) return true;
        one_ = one_ && stride == 0;
        dense_ = dense_ && stride == run;
        if (one_) same *= states;
        if (dense_) run *= states;
        return one_ || dense_;
    }

  private:
    bool one_ = true, dense_ = true;
};

// Tiles as large as fits, in blocks as long as all views allow.
inline Tiling Tree::split(const Node &node) const {
    int64_t a = node.axes_end, tile = 1, top = most(least(kTile, kTiles / node.states), int64_t(64));
    while (a > node.axes && (tile == 1 || tile * program.axes[a - 1].states <= top))
        tile *= program.axes[--a].states;
    int64_t block = tile;
    auto meet = [&](int64_t strides) {
        Reach reach(axes_of(node), strides_of(node, strides));
        block = least(block, most(reach.same, reach.run));
    };
    for (int64_t k = node.operands; k < node.operands_end; ++k) meet(program.operands[k].strides);
    for (int64_t k = node.children; k < node.children_end; ++k)
        meet(program.nodes[program.children[k]].seen);
    return {tile, node.width / tile, block < kBlock ? 1 : block};
}

// The first axis of a tile.
inline int64_t Tree::first_of(const Node &node, const Tiling &tiling) const {
    int64_t a = node.axes_end - node.axes;
    for (int64_t tile = 1; tile < tiling.tile;) tile *= program.axes[node.axes + --a].states;
    return a;
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

inline View Tree::view(Arena &arena, const Node &node, const Tiling &tiling, int64_t at) const {
    Span<const SeparatorAxis> axes = axes_of(node);
    Span<const int64_t> strides = strides_of(node, at);
    Reach reach(axes, strides);
    int64_t count = axes.size, outer = first_of(node, tiling), end = count;
    for (int64_t block = 1; block < tiling.block;) block *= axes[--end].states;
    bool one = reach.same >= tiling.tile;
    Span<int32_t> starts = arena.span<int32_t>(tiling.tiles);
    Span<int32_t> inner = arena.span<int32_t>(one ? 0 : tiling.tile / tiling.block);
    View out{program.strides[at], starts.data, one ? nullptr : inner.data, reach.same,
             tiling.block > 1 ? reach.same < tiling.block : !one && reach.run >= tiling.tile};
    if (!starts.data) return out;
    enumerate(axes.slice(0, outer), strides.slice(0, outer), starts);
    if (!one) enumerate(axes.slice(outer, end), strides.slice(outer, end), inner);
    return out;
}

inline Meeting Tree::meeting(Arena &arena, const Node &node, int64_t strides) const {
    constexpr int kAxes = 16;  // of two states or more, in a small table
    SeparatorAxis axes[kAxes];
    int64_t from[kAxes], to[kAxes], size = node.states * node.width, step = size;
    int count = 0;
    for (int64_t a = 0; a <= node.axes_end - node.axes; ++a) {
        int64_t states = a ? program.axes[node.axes + a - 1].states : node.states;
        if (states == 1) continue;
        step /= states;
        axes[count] = {0, states}, from[count] = program.strides[strides + a], to[count++] = step;
    }
    Reach reach;
    int end = count;
    while (end > 0 && reach.add(axes[end - 1].states, from[end - 1])) --end;
    Meeting out{};
    int64_t block = most(reach.same, reach.run);
    if (block < kBlock && block != size) block = 1, end = count;
    out.along = reach.run >= reach.same, out.twin = kNone;
    bool rows = node.states > 1 && block <= node.width && node.width >= kPeriod;
    int first = rows ? 1 : 0, own = 0;
    out.block = int32_t(block), out.period = int32_t(rows ? node.width : size);
    out.periods = int32_t(rows ? node.states : 1), out.step = int32_t(rows ? from[0] : 0);
    Span<int32_t> map = arena.span<int32_t>(out.period / block);
    if (map.data)
        enumerate({axes + first, end - first}, {from + first, end - first}, map);
    for (int a = 0; a < end; ++a) {  // the array's own axes come first, in its order
        int at = a;
        SeparatorAxis axis = axes[a];
        int64_t stride = from[a], place = to[a];
        for (; at > 0 && stride > from[at - 1]; --at)
            axes[at] = axes[at - 1], from[at] = from[at - 1], to[at] = to[at - 1];
        axes[at] = axis, from[at] = stride, to[at] = place;
        own += stride != 0;
    }
    out.base_count = out.term_count = 1;
    for (int a = 0; a < end; ++a)
        (a < own ? out.base_count : out.term_count) *= int32_t(axes[a].states);
    Span<int32_t> bases = arena.span<int32_t>(out.base_count);
    Span<int32_t> terms = arena.span<int32_t>(out.term_count);
    if (!bases.data) return out;
    enumerate({axes, own}, {to, own}, bases);
    enumerate({axes + own, end - own}, {to + own, end - own}, terms);
    out.map = map.data, out.bases = bases.data, out.terms = terms.data;
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
        bool small = node.states * node.width <= (mine.block > 1 ? kSmall : kScattered);
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
