/// Reading and printing RFC 3339.
#include "reference-cp/model/timestamp.hpp"

#include <chrono>

#include <fmt/format.h>

namespace kumasim::cp {
namespace {

using namespace std::chrono;

/// Takes `digits` digits off the front; -1 where they are not there.
int take(std::string_view& text, std::size_t digits) {
  if (text.size() < digits) return -1;
  int out = 0;
  for (std::size_t i = 0; i < digits; ++i) {
    if (text[i] < '0' || text[i] > '9') return -1;
    out = out * 10 + (text[i] - '0');
  }
  text.remove_prefix(digits);
  return out;
}

bool skip(std::string_view& text, char c) {
  if (text.empty() || text.front() != c) return false;
  text.remove_prefix(1);
  return true;
}

}  // namespace

std::optional<WallTime> parse_timestamp(std::string_view text) {
  int y = take(text, 4);
  if (y < 0 || !skip(text, '-')) return std::nullopt;
  int mo = take(text, 2);
  if (mo < 0 || !skip(text, '-')) return std::nullopt;
  int d = take(text, 2);
  if (d < 0 || !(skip(text, 'T') || skip(text, 't'))) return std::nullopt;
  int h = take(text, 2);
  if (h < 0 || h > 23 || !skip(text, ':')) return std::nullopt;
  int mi = take(text, 2);
  if (mi < 0 || mi > 59 || !skip(text, ':')) return std::nullopt;
  int s = take(text, 2);
  if (s < 0 || s > 60) return std::nullopt;
  std::int64_t fraction = 0;
  if (skip(text, '.')) {
    std::int64_t scale = 100'000'000;
    if (text.empty() || text[0] < '0' || text[0] > '9') return std::nullopt;
    while (!text.empty() && text[0] >= '0' && text[0] <= '9') {
      fraction += (text[0] - '0') * scale;
      scale /= 10;
      text.remove_prefix(1);
    }
  }
  minutes offset{0};
  if (!skip(text, 'Z') && !skip(text, 'z')) {
    bool west = skip(text, '-');
    if (!west && !skip(text, '+')) return std::nullopt;
    int oh = take(text, 2);
    if (oh < 0 || !skip(text, ':')) return std::nullopt;
    int om = take(text, 2);
    if (om < 0) return std::nullopt;
    offset = minutes((west ? -1 : 1) * (oh * 60 + om));
  }
  year_month_day date{year(y), month(static_cast<unsigned>(mo)), day(static_cast<unsigned>(d))};
  if (!text.empty() || !date.ok()) return std::nullopt;
  // Nanoseconds in 64 bits reach from 1678 to 2261; Go's zero time (year 1) stands for "none".
  if (y < 1678 || y > 2261) return WallTime{};
  return WallTime(sys_days(date)) + hours(h) + minutes(mi) + seconds(s) + nanoseconds(fraction) - offset;
}

std::string print_timestamp(WallTime time) {
  auto midnight = floor<days>(time);
  year_month_day date(midnight);
  auto rest = (time - midnight).count();
  std::string out = fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}", static_cast<int>(date.year()),
                                static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                                rest / 3'600'000'000'000, rest / 60'000'000'000 % 60, rest / 1'000'000'000 % 60);
  std::string fraction = fmt::format("{:09}", rest % 1'000'000'000);
  while (!fraction.empty() && fraction.back() == '0') fraction.pop_back();
  return out + (fraction.empty() ? "" : "." + fraction) + "Z";
}

}  // namespace kumasim::cp
