/// A queue that is short and often empty, in one piece.
#pragma once

#include <cstddef>
#include <utility>
#include <vector>

namespace kumasim::sim {

/// What comes next to an empty one lies where the last one did: a connection that is at rest keeps few lines of the
/// cache busy.
template <class T>
class Queue {
 public:
  bool empty() const { return first_ == items_.size(); }
  std::size_t size() const { return items_.size() - first_; }
  /// REQUIRES: !empty().
  const T& front() const { return items_[first_]; }

  void push_back(const T& item) { items_.push_back(item); }

  /// REQUIRES: !empty().
  void pop_front() {
    ++first_;
    if (empty()) return clear();
    if (first_ < taken_max || first_ < items_.size() / 2) return;
    items_.erase(items_.begin(), items_.begin() + static_cast<std::ptrdiff_t>(first_));
    first_ = 0;
  }

  void clear() {
    items_.clear();
    first_ = 0;
  }

  /// All of it in order; it is empty afterwards.
  std::vector<T> take() {
    items_.erase(items_.begin(), items_.begin() + static_cast<std::ptrdiff_t>(first_));
    first_ = 0;
    return std::exchange(items_, {});
  }

 private:
  static constexpr std::size_t taken_max = 64;

  std::vector<T> items_;
  std::size_t first_ = 0;  // those before it are taken
};

}  // namespace kumasim::sim
