#include "reference-cp/model/utf8.hpp"

namespace kumasim::cp {

std::size_t utf8_end(std::string_view text) {
  std::size_t at = 0;
  while (at < text.size()) {
    auto first = static_cast<unsigned char>(text[at]);
    std::size_t size = first < 0x80 ? 1 : first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf5 ? 4 : 0;
    if (size == 0 || text.size() - at < size) return at;
    for (std::size_t i = 1; i < size; ++i) {
      auto next = static_cast<unsigned char>(text[at + i]);
      unsigned low = 0x80, high = 0xbf;
      if (i == 1 && first == 0xe0) low = 0xa0;  // too long a form
      if (i == 1 && first == 0xf0) low = 0x90;
      if (i == 1 && first == 0xed) high = 0x9f;  // a half of a surrogate pair
      if (i == 1 && first == 0xf4) high = 0x8f;  // beyond the last character
      if (next < low || next > high) return at;
    }
    at += size;
  }
  return at;
}

}  // namespace kumasim::cp
