/// Bytes in the order in which they came, in one piece.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace kumasim::sim {

/// Its memory is kept while it is empty, so that short messages allocate nothing.
class ByteQueue {
 public:
  bool empty() const { return first_ == bytes_.size(); }
  std::size_t size() const { return bytes_.size() - first_; }
  std::string_view view() const { return std::string_view(bytes_).substr(first_); }
  /// The last `count` of them, to be changed in place. REQUIRES: count <= size().
  char* last(std::size_t count) { return bytes_.data() + bytes_.size() - count; }

  void append(std::string_view bytes) { bytes_.append(bytes); }

  /// Takes the first `count` away. REQUIRES: count <= size().
  void drop(std::size_t count) {
    first_ += count;
    if (empty()) return clear();
    if (first_ < bytes_kept_max || first_ < bytes_.size() / 2) return;
    bytes_.erase(0, first_);
    first_ = 0;
  }

  void clear() {
    if (bytes_.capacity() > bytes_kept_max) std::string().swap(bytes_);
    bytes_.clear();
    first_ = 0;
  }

 private:
  static constexpr std::size_t bytes_kept_max = 1024;

  std::string bytes_;
  std::size_t first_ = 0;  // those before it are taken
};

}  // namespace kumasim::sim
