/// A 4-ary array heap of events that are due, ordered by time and then by a chosen order.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

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

class EventHeap {
 public:
  bool empty() const { return entries_.empty(); }
  std::size_t size() const { return entries_.size(); }
  const EventEntry& top() const { return entries_.front(); }

  void push(EventEntry entry) {
    entries_.push_back(entry);
    sift_up(entries_.size() - 1, entry);
  }

  /// REQUIRES: !empty().
  void pop() {
    auto last = entries_.back();
    entries_.pop_back();
    if (entries_.empty()) return;
    // The last entry belongs near the bottom: walk the hole down without looking at it, then let it rise.
    auto size = entries_.size();
    std::size_t hole = 0;
    for (;;) {
      auto first = 4 * hole + 1;
      if (first + 4 > size) {
        if (first >= size) break;
        auto least = first;
        for (auto child = first + 1; child < size; ++child)
          if (entries_[child].key() < entries_[least].key()) least = child;
        entries_[hole] = entries_[least];
        hole = least;
        break;
      }
      auto left = entries_[first + 1].key() < entries_[first].key() ? first + 1 : first;
      auto right = entries_[first + 3].key() < entries_[first + 2].key() ? first + 3 : first + 2;
      auto least = entries_[right].key() < entries_[left].key() ? right : left;
      entries_[hole] = entries_[least];
      hole = least;
    }
    sift_up(hole, last);
  }

  /// Drops every entry that `stale` names. The order of the rest does not depend on it.
  template <class Predicate>
  void erase_if(Predicate stale) {
    std::erase_if(entries_, stale);
    auto kept = std::move(entries_);
    entries_.clear();
    entries_.reserve(kept.size());
    for (auto& entry : kept) push(entry);
  }

 private:
  void sift_up(std::size_t hole, const EventEntry& entry) {
    auto key = entry.key();
    while (hole > 0) {
      auto parent = (hole - 1) / 4;
      if (entries_[parent].key() <= key) break;
      entries_[hole] = entries_[parent];
      hole = parent;
    }
    entries_[hole] = entry;
  }

  std::vector<EventEntry> entries_;
};

}  // namespace kumasim::sim
