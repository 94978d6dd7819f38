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
    // The last entry belongs near the bottom: walk the hole down without looking at it, then let it rise. The least of
    // four is found without a branch: which one it is cannot be predicted.
    auto* entry = entries_.data();
    auto size = entries_.size();
    std::size_t hole = 0;
    auto first = std::size_t{1};
    for (; first + 4 <= size; first = 4 * hole + 1) {
      if (auto below = 4 * first + 1; below + 16 <= size) {
        // All that the next level may look at, six cache lines, while this one is being compared.
        const auto* bytes = reinterpret_cast<const char*>(entry + below);
        for (std::size_t line = 0; line < 16 * sizeof(EventEntry); line += 64) __builtin_prefetch(bytes + line);
      }
      auto left = first + less(entry[first + 1], entry[first]);
      auto right = first + 2 + less(entry[first + 3], entry[first + 2]);
      auto least = left + (right - left) * less(entry[right], entry[left]);
      entry[hole] = entry[least];
      hole = least;
    }
    if (first < size) {
      auto least = first;
      for (auto child = first + 1; child < size; ++child) least = less(entry[child], entry[least]) ? child : least;
      entry[hole] = entry[least];
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
  static std::size_t less(const EventEntry& a, const EventEntry& b) { return a.key() < b.key(); }

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
