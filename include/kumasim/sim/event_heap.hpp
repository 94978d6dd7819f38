/// A 4-ary array heap of events that are due, ordered by time and then by a chosen order.
#pragma once

#include <algorithm>
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

/// What runs usually schedules one event: pop() leaves a hole at the root, and the next push fills it, in one walk down
/// instead of two.
class EventHeap {
 public:
  bool empty() const { return size() == 0; }
  std::size_t size() const { return entries_.size() - hole_; }

  /// REQUIRES: !empty().
  const EventEntry& top() {
    if (hole_) close();
    return entries_.front();
  }

  /// The top, found without closing the hole. REQUIRES: !empty().
  const EventEntry& peek() const {
    if (!hole_) return entries_.front();
    auto least = std::size_t{1};
    for (auto child = least + 1; child < std::min<std::size_t>(entries_.size(), 5); ++child)
      least = less(entries_[child], entries_[least]) ? child : least;
    return entries_[least];
  }

  void push(EventEntry entry) {
    if (hole_) {
      hole_ = false;
      return sift_down(entry);
    }
    entries_.push_back(entry);
    sift_up(entries_.size() - 1, entry);
  }

  /// REQUIRES: !empty().
  void pop() {
    if (hole_) close();
    hole_ = true;
  }

  /// Drops every entry that `stale` names. The order of the rest does not depend on it.
  template <class Predicate>
  void erase_if(Predicate stale) {
    if (hole_) close();
    std::erase_if(entries_, stale);
    auto kept = std::move(entries_);
    entries_.clear();
    entries_.reserve(kept.size());
    for (auto& entry : kept) push(entry);
  }

 private:
  static std::size_t less(const EventEntry& a, const EventEntry& b) { return a.key() < b.key(); }

  /// Fills the hole with the last entry, which belongs near the bottom: walks the hole down without looking at it, then
  /// lets it rise.
  void close() {
    hole_ = false;
    auto last = entries_.back();
    entries_.pop_back();
    if (entries_.empty()) return;
    auto hole = std::size_t{0};
    for (;;) {
      auto least = least_below(hole);
      if (least == 0) break;
      entries_[hole] = entries_[least];
      hole = least;
    }
    sift_up(hole, last);
  }

  void sift_down(const EventEntry& entry) {
    auto key = entry.key();
    auto hole = std::size_t{0};
    for (;;) {
      auto least = least_below(hole);
      if (least == 0 || key < entries_[least].key()) break;
      entries_[hole] = entries_[least];
      hole = least;
    }
    entries_[hole] = entry;
  }

  /// The least of the entries right below, 0 for none. The least of four is found without a branch: which one it is
  /// cannot be predicted.
  std::size_t least_below(std::size_t hole) const {
    const auto* entry = entries_.data();
    auto size = entries_.size();
    auto first = 4 * hole + 1;
    if (first + 4 <= size) {
      if (auto below = 4 * first + 1; below + 16 <= size) {
        // All that the next level may look at, six cache lines, while this one is being compared.
        const auto* bytes = reinterpret_cast<const char*>(entry + below);
        for (std::size_t line = 0; line < 16 * sizeof(EventEntry); line += 64) __builtin_prefetch(bytes + line);
      }
      auto left = first + less(entry[first + 1], entry[first]);
      auto right = first + 2 + less(entry[first + 3], entry[first + 2]);
      return left + (right - left) * less(entry[right], entry[left]);
    }
    if (first >= size) return 0;
    auto least = first;
    for (auto child = first + 1; child < size; ++child) least = less(entry[child], entry[least]) ? child : least;
    return least;
  }

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
  bool hole_ = false;  ///< entries_[0] is free
};

}  // namespace kumasim::sim
