/// A fuzzer's bytes as a sequence of small decisions and pieces.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string_view>

namespace kumasim::fuzz {

class BytesIn {
 public:
  explicit BytesIn(std::string_view bytes) : left_(bytes) {}

  bool empty() const { return left_.empty(); }
  /// The next byte; 0 at the end.
  std::uint8_t byte() {
    if (left_.empty()) return 0;
    auto out = static_cast<std::uint8_t>(left_.front());
    left_.remove_prefix(1);
    return out;
  }
  /// A piece with its length, two bytes, before it; what is there where it is shorter.
  std::string_view piece() {
    std::size_t high = byte();
    std::size_t size = high << 8 | byte();
    size = std::min(size, left_.size());
    auto out = left_.substr(0, size);
    left_.remove_prefix(size);
    return out;
  }
  std::string_view rest() const { return left_; }

 private:
  std::string_view left_;
};

}  // namespace kumasim::fuzz
