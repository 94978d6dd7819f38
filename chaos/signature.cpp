/// Texts without their numbers.
#include "kumasim/chaos/signature.hpp"

#include <algorithm>
#include <array>

namespace kumasim::chaos {
namespace {

constexpr std::size_t text_max = 400;  // of a cause: the way of a call through its proxies is long

bool digit(char c) { return c >= '0' && c <= '9'; }
bool letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

/// Length of the unit at the begin of `text`, where no other letter follows it; else 0.
std::size_t unit(std::string_view text) {
  static constexpr std::array<std::string_view, 8> units{"ns", "us", "ms", "s", "m", "h", "d", "%"};
  std::size_t letters = 0;
  while (letters < text.size() && letter(text[letters])) ++letters;
  for (std::string_view name : units) {
    if (!text.starts_with(name)) continue;
    if (name == "%" || letters == name.size()) return name.size();
  }
  return 0;
}

/// Length of the number at the begin of `text`: "1m10.5s", "10.0.0.5:8080", "99.9%"; 0 where none begins.
std::size_t number(std::string_view text) {
  std::size_t length = 0;
  while (length < text.size() && digit(text[length])) {
    while (length < text.size() && digit(text[length])) ++length;
    length += unit(text.substr(length));
    bool joined = length + 1 < text.size() && (text[length] == '.' || text[length] == ':') && digit(text[length + 1]);
    if (joined) ++length;
  }
  return length;
}

/// Length of an address with its 0x, or of a word of eight or more hexadecimal digits with at least one decimal one;
/// else 0.
std::size_t hexadecimal(std::string_view text) {
  bool address = text.starts_with("0x");
  std::size_t length = address ? 2 : 0;
  bool decimal = address;
  while (length < text.size() && (digit(text[length]) || (text[length] >= 'a' && text[length] <= 'f') ||
                                  (address && text[length] >= 'A' && text[length] <= 'F'))) {
    decimal = decimal || digit(text[length]);
    ++length;
  }
  bool ends = length == text.size() || !letter(text[length]);
  return (length >= 8 || (address && length > 2)) && decimal && ends ? length : 0;
}

/// Length of a hash in base64: at least 24 characters of all three sorts; else 0.
std::size_t base64(std::string_view text) {
  std::size_t length = 0;
  bool small = false, large = false, decimal = false;
  while (length < text.size()) {
    char c = text[length];
    if (!digit(c) && !letter(c) && c != '+' && c != '/' && c != '=') break;
    small = small || (c >= 'a' && c <= 'z');
    large = large || (c >= 'A' && c <= 'Z');
    decimal = decimal || digit(c);
    ++length;
  }
  return length >= 24 && small && large && decimal ? length : 0;
}

std::string without_numbers(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    bool inside = !out.empty() && (letter(out.back()) || digit(out.back()));  // v1, p99: part of a name
    std::size_t length = inside ? 0 : std::max(hexadecimal(text), base64(text));
    if (length == 0 && !inside) length = number(text);
    if (length == 3 && out.ends_with("status ")) {  // of HTTP: each says something else
      out += text.substr(0, length);
      text.remove_prefix(length);
    } else if (length > 0) {
      out += '#';
      text.remove_prefix(length);
    } else {
      out += text.front();
      text.remove_prefix(1);
    }
  }
  return out;
}

/// "within 30s: reachable(a -> b)", "reachable(a -> b)": a title without the moments of its window.
std::string without_moments(const std::string& what) {
  std::size_t colon = what.find(": ");
  std::string head = what.substr(0, colon);
  if (colon == std::string::npos) return what;
  std::size_t after = head.find(" after ");
  if (head.starts_with("within ") && after != std::string::npos) return head.substr(0, after) + what.substr(colon);
  return digit(head.front()) && head.find(" to ") != std::string::npos ? what.substr(colon + 2) : what;
}

}  // namespace

std::string normalised(std::string_view text) {
  std::string plain = without_numbers(text), out;
  std::size_t last = 0;  // where the last word of `out` begins
  for (std::size_t at = 0; at < plain.size();) {
    std::size_t end = plain.find(' ', at);
    if (end == std::string::npos) end = plain.size();
    std::string_view word(plain.data() + at, end - at);
    std::string_view before(out.data() + last, out.size() - last);
    // "[# #" and "# #" say no more than "[#" and "#" do; so do "[#" and "#]".
    bool repeated = !out.empty() && !word.empty() && before.ends_with('#') && word.starts_with('#');
    if (repeated) {
      out += word.substr(1);
    } else {
      if (!out.empty()) out += ' ';
      last = out.size();
      out += word;
    }
    at = end + 1;
  }
  return out;
}

std::string signature(const Failure& failure) {
  std::string out = failure.kind;
  if (!failure.what.empty()) out += ": " + failure.what;
  std::string cause = normalised(failure.cause);
  if (cause.size() > text_max) cause.resize(text_max);
  return cause.empty() ? out : out + ": " + cause;
}

std::string signature_anywhen(const Failure& failure) {
  return signature({failure.kind, without_moments(failure.what), failure.cause});
}

}  // namespace kumasim::chaos
