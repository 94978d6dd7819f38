/// A 4-ary array heap of events that are due, ordered by time and then by a chosen order.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include <boost/align/aligned_allocator.hpp>

namespace kumasim::sim {

/// Points to a slot of the event pool; stale once the slot's generation has moved on.
struct EventEntry {
  std::uint64_t time;   ///< nanoseconds since the start of the world
  std::uint64_t order;  ///< tie in the high half, sequence in the low half
  std::uint32_t slot;
  std::uint32_t generation;

  /// Both words at once: one wide comparison without a branch.
  unsigned __int128 key() const { return static_cast<unsigned __int128>(time) << 64 | order; }
};

/// What runs usually schedules one event: pop() leaves a hole at the root, and the next push fills it, in one walk down
/// instead of two. Times lie apart from the rest, for next to all comparisons need no more; the four below one entry
/// share a cache line, in which what is free is later than everything. REQUIRES of each entry: time < 2^64 - 1.
class EventHeap {
 public:
  bool empty() const { return size() == 0; }
  std::size_t size() const { return end_ - root - hole_; }

  /// REQUIRES: !empty().
  EventEntry top() {
    if (hole_) close();
    return at(root);
  }

  /// The top, found without closing the hole. REQUIRES: !empty().
  EventEntry peek() const { return at(first()); }
  unsigned __int128 peek_key() const { return key(first()); }

  void push(const EventEntry& entry) { push(entry.time, entry.order, entry.slot, entry.generation); }

  /// REQUIRES: !empty().
  void pop() {
    if (hole_) close();
    hole_ = true;
    below_hole_ = least_below(root);
  }

  /// Drops every entry that `stale` names. The order of the rest does not depend on it.
  template <class Predicate>
  void erase_if(Predicate stale) {
    if (hole_) close();
    std::vector<EventEntry> kept;
    for (auto position = root; position < end_; ++position)
      if (auto entry = at(position); !stale(entry)) kept.push_back(entry);
    std::fill(times_.begin(), times_.end(), free);
    end_ = root;
    for (const auto& entry : kept) push(entry);
  }

 private:
  struct Rest {
    std::uint64_t order;
    std::uint32_t slot;
    std::uint32_t generation;
  };
  template <class T>
  using Lines = std::vector<T, boost::alignment::aligned_allocator<T, 64>>;

  static constexpr std::size_t children = 4;
  static constexpr std::size_t root = 3;  // so that the four below any entry begin at a multiple of four
  static constexpr std::uint64_t free = ~std::uint64_t{0};
  static std::size_t first_below(std::size_t position) { return children * position - 2 * children; }
  static std::size_t above(std::size_t position) { return position / children + 2; }

  std::size_t first() const { return hole_ ? below_hole_ : root; }
  EventEntry at(std::size_t position) const {
    const auto& rest = rests_[position];
    return {times_[position], rest.order, rest.slot, rest.generation};
  }
  unsigned __int128 key(std::size_t position) const {
    return static_cast<unsigned __int128>(times_[position]) << 64 | rests_[position].order;
  }
  void set(std::size_t position, const EventEntry& entry) {
    times_[position] = entry.time;
    rests_[position] = {entry.order, entry.slot, entry.generation};
  }
  void move(std::size_t to, std::size_t from) {
    times_[to] = times_[from];
    rests_[to] = rests_[from];
  }

  /// In registers: what was just written in pieces is slow to read in one.
  void push(std::uint64_t time, std::uint64_t order, std::uint32_t slot, std::uint32_t generation) {
    EventEntry entry{time, order, slot, generation};
    if (hole_) {
      hole_ = false;
      return sift_down(entry);
    }
    if (end_ == times_.size()) {
      times_.resize(end_ + children, free);
      rests_.resize(end_ + children);
    }
    sift_up(end_++, entry);
  }

  /// Fills the hole with the last entry, which belongs near the bottom: walks the hole down without looking at it, then
  /// lets it rise.
  void close() {
    hole_ = false;
    auto last = at(--end_);
    times_[end_] = free;
    if (below_hole_ == 0) return;
    auto hole = root;
    for (auto least = below_hole_; least != 0 && least != end_; least = least_below(hole)) {
      move(hole, least);
      hole = least;
    }
    sift_up(hole, last);
  }

  void sift_down(const EventEntry& entry) {
    auto hole = root;
    for (auto least = below_hole_; least != 0 && key(least) <= entry.key(); least = least_below(hole)) {
      move(hole, least);
      hole = least;
    }
    set(hole, entry);
  }

  /// The least of the entries right below, 0 for none.
  std::size_t least_below(std::size_t hole) const {
    auto first = first_below(hole);
    if (first >= end_) return 0;
    // What is needed next, while these are being compared.
    __builtin_prefetch(&rests_[first]);
    if (auto below = first_below(first); below < end_) {
      __builtin_prefetch(&times_[below]);
      // By address: there may be no such entry.
      auto further = reinterpret_cast<std::uintptr_t>(&times_[below]) + 2 * children * sizeof(times_[below]);
      __builtin_prefetch(reinterpret_cast<const void*>(further));
    }
    return least_of(first);
  }

  /// The least of four, found without a branch: which one it is cannot be predicted.
  std::size_t least_of(std::size_t first) const {
    const auto* time = &times_[first];
    auto left = std::min(time[0], time[1]);
    auto right = std::min(time[2], time[3]);
    if ((time[0] == time[1]) | (time[2] == time[3]) | (left == right)) return least_by_key(first);
    auto left_at = first + (time[1] < time[0]);
    auto right_at = first + 2 + (time[3] < time[2]);
    return right < left ? right_at : left_at;
  }

  std::size_t least_by_key(std::size_t first) const {
    auto least = first;
    for (auto child = first + 1; child < std::min(first + children, end_); ++child)
      least = key(child) < key(least) ? child : least;
    return least;
  }

  void sift_up(std::size_t hole, const EventEntry& entry) {
    while (hole > root) {
      auto parent = above(hole);
      if (key(parent) <= entry.key()) break;
      move(hole, parent);
      hole = parent;
    }
    set(hole, entry);
  }

  Lines<std::uint64_t> times_ = Lines<std::uint64_t>(root + 1, free);
  Lines<Rest> rests_ = Lines<Rest>(root + 1);
  std::size_t end_ = root;      // behind the last entry
  bool hole_ = false;           // the root is free
  std::size_t below_hole_ = 0;  // then: the least right below it, 0 for none
};

}  // namespace kumasim::sim
