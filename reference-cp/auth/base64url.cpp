#include "reference-cp/auth/base64url.hpp"

#include <algorithm>

#include "reference-cp/identity/base64.hpp"

namespace kumasim::cp {

std::string base64url_encode(std::string_view bytes) {
  std::string out = base64_encode(bytes);
  std::ranges::replace(out, '+', '-');
  std::ranges::replace(out, '/', '_');
  out.erase(std::ranges::find(out, '='), out.end());
  return out;
}

std::optional<std::string> base64url_decode(std::string_view text) {
  bool fits = std::ranges::all_of(text, [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
  });
  if (!fits || text.size() % 4 == 1) return std::nullopt;
  std::string padded(text);
  std::ranges::replace(padded, '-', '+');
  std::ranges::replace(padded, '_', '/');
  padded.append((4 - padded.size() % 4) % 4, '=');
  auto out = base64_decode(padded);
  // Bits behind the last byte have to be zero: one text for each sequence of bytes.
  if (!out || base64url_encode(*out) != text) return std::nullopt;
  return out;
}

}  // namespace kumasim::cp
