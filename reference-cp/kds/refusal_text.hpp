/// The words of a NACK: what is wrong, a line each. What is beyond the limits is counted, so that a peer's response
/// makes neither its answer nor the log as long as it likes.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>

#include <fmt/format.h>

namespace kumasim::cp::kds {

class RefusalText {
 public:
  static constexpr std::size_t lines_max = 20;
  static constexpr std::size_t line_bytes_max = 1024;

  /// UTF-8, which stays it where it is cut.
  void add(std::string_view line) {
    if (++lines_ > lines_max) return;
    std::size_t bytes = std::min(line.size(), line_bytes_max);
    while (bytes < line.size() && bytes > 0 && (static_cast<unsigned char>(line[bytes]) & 0xc0) == 0x80) --bytes;
    if (lines_ > 1) text_ += '\n';
    text_ += line.substr(0, bytes);
    if (bytes < line.size()) text_ += "...";
  }

  std::string text() const {
    return lines_ <= lines_max ? text_ : fmt::format("{}\nand {} more", text_, lines_ - lines_max);
  }

 private:
  std::size_t lines_ = 0;
  std::string text_;
};

}  // namespace kumasim::cp::kds
