#include "scenarios/behaviour/regex_example.hpp"

#include <algorithm>
#include <charconv>
#include <vector>

namespace kumasim::scenario {
namespace {

/// Recursive descent over the expression, always the first alternative and the fewest repetitions that are seen.
class Sampler {
 public:
  explicit Sampler(std::string_view expression) : left_(expression) {}

  std::string alternatives() {
    std::string first = sequence();
    while (take('|')) sequence();
    return first;
  }

 private:
  bool take(char c) {
    if (left_.empty() || left_.front() != c) return false;
    left_.remove_prefix(1);
    return true;
  }
  char next() {
    if (left_.empty()) return '\0';
    char c = left_.front();
    left_.remove_prefix(1);
    return c;
  }

  std::string sequence() {
    std::string out;
    while (!left_.empty() && left_.front() != '|' && left_.front() != ')') out += quantified(atom());
    return out;
  }

  std::string atom() {
    if (take('(')) return group();
    if (take('[')) return one_of_class();
    char c = next();
    if (c == '\\') return escaped(next());
    if (c == '^' || c == '$') return "";
    return std::string(1, c == '.' ? 'x' : c);
  }

  std::string group() {
    if (take('?')) {
      while (!left_.empty() && left_.front() != ':' && left_.front() != '>' && left_.front() != ')') next();
      if (left_.empty() || next() == ')') return "";  // flags only
    }
    auto out = alternatives();
    take(')');
    return out;
  }

  static std::string escaped(char c) {
    switch (c) {
      case 'd': return "7";
      case 'w': return "w";
      case 's': return " ";
      case 'D':
      case 'S': return "s";
      case 'W': return "-";
      case 'b':
      case 'B':
      case 'A':
      case 'z': return "";
      default: return std::string(1, c);
    }
  }

  /// Until the closing bracket; of a negated class the first candidate that it does not name.
  std::string one_of_class() {
    bool negated = take('^');
    std::vector<std::pair<char, char>> ranges;
    do {
      char from = next();
      if (from == '\\') {
        auto sample = escaped(next());
        from = sample.empty() ? '\0' : sample.front();
      }
      char until = from;
      if (left_.size() > 1 && left_[0] == '-' && left_[1] != ']') {
        next();
        until = next();
      }
      ranges.emplace_back(from, until);
    } while (!left_.empty() && left_.front() != ']');
    take(']');
    if (!negated) return std::string(1, ranges.front().first);
    for (char candidate : std::string_view("x7-A_"))
      if (std::none_of(ranges.begin(), ranges.end(),
                       [&](const auto& r) { return candidate >= r.first && candidate <= r.second; }))
        return std::string(1, candidate);
    return "~";
  }

  std::string quantified(const std::string& one) {
    std::string out = one;
    if (take('*') || take('+') || take('?')) {
      take('?');
    } else if (left_.starts_with('{')) {
      auto end = left_.find('}');
      if (end == std::string_view::npos) return out;
      int times = 1;
      std::from_chars(left_.data() + 1, left_.data() + end, times);
      left_.remove_prefix(end + 1);
      out.clear();
      for (int i = 0; i < std::min(times, 64); ++i) out += one;
    }
    return out;
  }

  std::string_view left_;
};

}  // namespace

std::string example_of_regex(std::string_view expression) { return Sampler(expression).alternatives(); }

}  // namespace kumasim::scenario
