// Posteriors of unobserved noisy-MAX leaves on a calibrated tree, eight questions side by side.
//
// A lane asks for one state k of one leaf: P(max of leak and links < k), or with it P(max = k). Each
// parent's node weighs its rows by P(Z < k) of its link, or by the pair (P(Z < k), P(Z = k)), and
// these are sent up, through P(variable | separator, e), until one node of a tree has them all; there the belief gives the expectation. Only
// nodes between the parents are visited, so leaves that share parents share a group.
#pragma once

#include "nodes.h"

namespace core {

struct Leaf {
    int64_t place, states, leak, links, links_end;  // place in the answer; offsets in the base
};
struct LeafLink {
    int64_t variable, offset;
};

struct Lane {
    int64_t leaf, state;
};

// Up to eight lanes and the nodes that they visit, children before parents.
struct Group {
    int64_t lanes, lanes_end, visits, visits_end;
};
struct Visit {
    int64_t node;
    int64_t top;      // whether the expectation is taken here
    int64_t message;  // where its pairs start
    int64_t weighs;   // where the weights of its rows start; -1 if no lane weighs them
};

struct Questions {
    Span<const Leaf> leaves;
    Span<const LeafLink> links;
    Span<int64_t> node_of;  // of each variable; -1 for none
    Span<int64_t> root;     // of each node
    Span<Lane> lanes;
    Span<Group> groups;
    Span<Visit> visits;
    int64_t lane_count = 0, group_count = 0, visit_count = 0;
    int64_t messages = 0, weights = 0;  // room of the group that needs most

    void lay(Arena &arena, const Tree &tree, int64_t variables) {
        int64_t nodes = tree.program.nodes.size, levels = 0;
        for (const Leaf &leaf : leaves) levels += leaf.states - 1;
        node_of = arena.span<int64_t>(variables);
        root = arena.span<int64_t>(nodes);
        lanes = arena.span<Lane>(levels);
        groups = arena.span<Group>(levels);
        visits = arena.span<Visit>((levels + kLanes - 1) / kLanes * nodes);
    }
    void run(const Tree &tree, Span<int64_t> order, Span<int64_t> mark, Span<int64_t> key);

  private:
    void visit(const Tree &tree, Group *group, Span<int64_t> mark);
};

// Lays lanes out in groups. `order`, `key` have an item a leaf, `mark` one a node.
inline void Questions::run(const Tree &tree, Span<int64_t> order, Span<int64_t> mark,
                           Span<int64_t> key) {
    Span<const Node> nodes = tree.program.nodes;
    node_of.fill(-1);
    for (int64_t i = 0; i < nodes.size; ++i)
        if (nodes[i].variable < node_of.size) node_of[nodes[i].variable] = i;
    for (int64_t i = nodes.size - 1; i >= 0; --i)
        root[i] = nodes[i].parent < 0 ? i : root[nodes[i].parent];
    // leaves whose parents lie low in the same place come together
    for (int64_t l = 0; l < leaves.size; ++l) {
        key[l] = 0;
        for (int64_t k = leaves[l].links; k < leaves[l].links_end; ++k)
            key[l] = most(key[l], node_of[links[k].variable] + 1);
        int64_t i = l;
        for (; i > 0 && key[order[i - 1]] > key[l]; --i) order[i] = order[i - 1];
        order[i] = l;
    }
    mark.fill(-1);
    for (int64_t l : order) {
        for (int64_t k = 1; k < leaves[l].states; ++k) {
            if (lane_count % kLanes == 0) groups[group_count++] = {lane_count, lane_count, 0, 0};
            lanes[lane_count++] = {l, k};
            groups[group_count - 1].lanes_end = lane_count;
        }
    }
    for (int64_t g = 0; g < group_count; ++g) visit(tree, &groups[g], mark);
}

inline void Questions::visit(const Tree &tree, Group *group, Span<int64_t> mark) {
    Span<const Node> nodes = tree.program.nodes;
    constexpr int64_t kWeighs = 1, kBetween = 0, kAway = -1;
    for (int64_t l = group->lanes; l < group->lanes_end; ++l) {
        const Leaf &leaf = leaves[lanes[l].leaf];
        for (int64_t k = leaf.links; k < leaf.links_end; ++k)
            if (node_of[links[k].variable] >= 0) mark[node_of[links[k].variable]] = kWeighs;
    }
    group->visits = visit_count;
    int64_t message = 0, weight = 0;
    for (int64_t i = 0; i < nodes.size; ++i) {
        if (mark[i] == kAway) continue;
        bool last = true;  // of its tree: nothing else is left to meet
        for (int64_t j = i + 1; j < nodes.size && last; ++j)
            last = mark[j] == kAway || root[j] != root[i];
        visits[visit_count++] = {i, last, message, mark[i] == kWeighs ? weight : -1};
        if (mark[i] == kWeighs) weight += nodes[i].states;
        message += nodes[i].width;
        if (!last && mark[nodes[i].parent] == kAway) mark[nodes[i].parent] = kBetween;
        mark[i] = kAway;
    }
    group->visits_end = visit_count;
    messages = most(messages, message);
    weights = most(weights, weight);
}

// The work space of an answer to all questions, with one kind of number.
template <class N>
struct Asking {
    Span<N> messages, weights, tile;
    Span<int64_t> arrived;  // the visit of each node in this group, -1 for none

    void lay(Arena &arena, const Questions &asked, const Tree &tree) {
        messages = arena.span<N>(asked.messages);
        weights = arena.span<N>(asked.weights);
        tile = arena.span<N>(tree.widest);
        arrived = arena.span<int64_t>(tree.program.nodes.size);
    }
};

struct Calibration {
    const double *base;
    const int64_t *states;               // of observed variables
    Span<const double> tables, beliefs;  // as `distribute` found them
};

// Multiplies what a distribution says of state k into one lane: P(Z < k), and for pairs P(Z = k).
inline void multiply(Lanes *number, int lane, const double *row, int64_t k) {
    double below = 0.0;
    for (int64_t j = 0; j < k; ++j) below += row[j];
    (*number)[lane] *= below;
}
inline void multiply(MaxPair *pair, int lane, const double *row, int64_t k) {
    double below = 0.0, x = pair->below[lane];
    for (int64_t j = 0; j < k; ++j) below += row[j];
    pair->here[lane] = pair->here[lane] * (below + row[k]) + x * row[k];
    pair->below[lane] = x * below;
}

// Multiplies what the lanes' links say into the weights of visited nodes, and into the total what
// needs no node.
template <class N>
inline void weigh(const Tree &tree, const Questions &asked, const Group &group,
                  const Asking<N> &space, const Calibration &given, N *total) {
    space.weights.fill(Number<N>::one());
    for (int64_t l = group.lanes; l < group.lanes_end; ++l) {
        const Leaf &leaf = asked.leaves[asked.lanes[l].leaf];
        int64_t k = asked.lanes[l].state;
        int lane = int(l - group.lanes);
        multiply(total, lane, given.base + leaf.leak, k);
        for (int64_t q = leaf.links; q < leaf.links_end; ++q) {
            const LeafLink &link = asked.links[q];
            const double *rows = given.base + link.offset;
            int64_t node = asked.node_of[link.variable];
            if (node < 0) {
                multiply(total, lane, rows + given.states[link.variable] * leaf.states, k);
                continue;
            }
            N *weights = space.weights.data + asked.visits[space.arrived[node]].weighs;
            for (int64_t r = 0; r < tree.program.nodes[node].states; ++r)
                multiply(weights + r, lane, rows + r * leaf.states, k);
        }
    }
}

// The product of the messages that have arrived at a node and vary over a tile.
template <class N>
struct Arrived {
    const N *from = nullptr;     // nothing has arrived
    const View *view = nullptr;  // none: the product stands entry by entry

    template <class Use>
    void each(int64_t tile, Use use) const {
        const N *values = from;
        if (view)
            each_entry(*view, tile, [=](int64_t j, int64_t at) { use(j, values[at]); });
        else
            for (int64_t j = 0; j < tile; ++j) use(j, values[j]);
    }
};

// Lists the messages that a visited node has had, for row r, tile t; those of one value go into the
// constant.
template <class N>
inline Arrived<N> arrivals(const Tree &tree, const Asking<N> &space, const Questions &asked,
                           int64_t i, int64_t r, int64_t t, N *constant) {
    const Node &n = tree.program.nodes[i];
    const int64_t tile = tree.tiling[i].tile;
    Arrived<N> out;
    for (int64_t c = n.children; c < n.children_end; ++c) {
        int64_t child = tree.program.children[c], arrived = space.arrived[child];
        if (arrived < 0) continue;
        const View &view = tree.messages[child];
        const N *from = space.messages.data + asked.visits[arrived].message + view.start(r, t);
        if (!view.inner) {
            *constant = *constant * *from;
        } else if (!out.from) {
            out = {from, &view};
        } else {
            N *values = space.tile.data;
            if (out.view) out.each(tile, [=](int64_t j, const N &x) { values[j] = x; });
            each_entry(view, tile, [=](int64_t j, int64_t at) { values[j] = values[j] * from[at]; });
            out = {values, nullptr};
        }
    }
    return out;
}

// Sends a visited node's numbers up, or takes their expectation into the total.
template <class N>
inline void send_up(const Tree &tree, const Asking<N> &space, const Questions &asked,
                    const Calibration &given, const Visit &visit, N *total) {
    const Node &n = tree.program.nodes[visit.node];
    const Tiling &tiling = tree.tiling[visit.node];
    N expected = Number<N>::zero();
    for (int64_t t = 0; t < tiling.tiles; ++t) {
        N *__restrict__ to = space.messages.data + visit.message + t * tiling.tile;
        const double *belief = given.beliefs.data + n.message + t * tiling.tile;
        if (!visit.top)
            for (int64_t j = 0; j < tiling.tile; ++j) to[j] = Number<N>::zero();
        for (int64_t r = 0; r < n.states; ++r) {
            N constant = visit.weighs >= 0 ? space.weights[visit.weighs + r] : Number<N>::one();
            const double *row = given.tables.data + n.table + r * n.width + t * tiling.tile;
            Arrived<N> some = arrivals(tree, space, asked, visit.node, r, t, &constant);
            auto expect = [&](int64_t j, const N &x) { expected = expected + x * (row[j] * belief[j]); };
            auto send = [&](int64_t j, const N &x) { to[j] = to[j] + x * row[j]; };
            auto all = [&](auto put) {
                if (some.from)
                    some.each(tiling.tile, [&](int64_t j, const N &x) { put(j, constant * x); });
                else
                    for (int64_t j = 0; j < tiling.tile; ++j) put(j, constant);
            };
            if (visit.top)
                all(expect);
            else
                all(send);
        }
    }
    if (visit.top) *total = *total * expected;
}

// The numbers of a group's lanes.
template <class N>
inline N answer_group(const Tree &tree, const Questions &asked, const Group &group,
                      const Asking<N> &space, const Calibration &given) {
    N total = Number<N>::one();
    for (int64_t v = group.visits; v < group.visits_end; ++v)
        space.arrived[asked.visits[v].node] = v;
    weigh(tree, asked, group, space, given, &total);
    for (int64_t v = group.visits; v < group.visits_end; ++v)
        send_up(tree, space, asked, given, asked.visits[v], &total);
    for (int64_t v = group.visits; v < group.visits_end; ++v)
        space.arrived[asked.visits[v].node] = -1;
    return total;
}

constexpr double kRare = 1e-6;  // below this a difference of cumulative numbers loses digits

// Both kinds of work space: numbers for all groups, pairs for those with something rare in them.
struct AskingBoth {
    Asking<Lanes> plain;
    Asking<MaxPair> exact;
    Span<double> below;  // P(X < k) of each lane

    void lay(Arena &arena, const Questions &asked, const Tree &tree) {
        plain.lay(arena, asked, tree);
        exact.lay(arena, asked, tree);
        below = arena.span<double>(asked.lane_count);
    }
};

// P(X = k) of the leaf and the state of a lane, from cumulative numbers.
inline double difference(const Questions &asked, Span<const double> below, int64_t lane) {
    const Lane &mine = asked.lanes[lane];
    bool last = mine.state + 1 == asked.leaves[mine.leaf].states;
    return (last ? 1.0 : below[lane + 1]) - below[lane];
}

// Writes the posteriors of all leaves: P(X < k) by one number a lane, and where a state is rare by
// pairs, which subtract nothing.
inline Status ask(const Tree &tree, const Questions &asked, const AskingBoth &space,
                  const Calibration &given, Span<double> answer, Watch *watch) {
    space.plain.arrived.fill(-1);
    space.exact.arrived.fill(-1);
    for (const Group &group : asked.groups.slice(0, asked.group_count)) {
        Lanes below = answer_group(tree, asked, group, space.plain, given);
        for (int64_t l = group.lanes; l < group.lanes_end; ++l)
            space.below[l] = below[int(l - group.lanes)];
        if (watch && watch->stop()) return Status::kStopped;
    }
    for (const Group &group : asked.groups.slice(0, asked.group_count)) {
        bool rare = false;
        for (int64_t l = group.lanes; l < group.lanes_end; ++l) {
            const Lane &lane = asked.lanes[l];
            int64_t place = asked.leaves[lane.leaf].place;
            answer[place + lane.state] = difference(asked, space.below, l);
            if (lane.state == 1) answer[place] = space.below[l];
            rare = rare || answer[place + lane.state] < kRare;
        }
        if (!rare) continue;
        MaxPair pair = answer_group(tree, asked, group, space.exact, given);
        for (int64_t l = group.lanes; l < group.lanes_end; ++l) {
            const Lane &lane = asked.lanes[l];
            int64_t place = asked.leaves[lane.leaf].place;
            answer[place + lane.state] = pair.here[int(l - group.lanes)];
            if (lane.state == 1) answer[place] = pair.below[int(l - group.lanes)];
        }
        if (watch && watch->stop()) return Status::kStopped;
    }
    for (const Leaf &leaf : asked.leaves) {
        double sum = 0.0;
        for (int64_t k = 0; k < leaf.states; ++k) sum += answer[leaf.place + k];
        for (int64_t k = 0; k < leaf.states; ++k) answer[leaf.place + k] /= sum;
        if (leaf.states == 1) answer[leaf.place] = 1.0;
    }
    return Status::kDone;
}

}  // namespace core
