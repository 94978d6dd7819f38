#include "reference-cp/app/kumactl/table.hpp"

#include <algorithm>
#include <ostream>

#include "reference-cp/model/timestamp.hpp"

namespace kumasim::cp {

namespace {

constexpr std::size_t padding = 3;

/// Columns of UTF-8 text, one for each code point, as Go's tabwriter counts.
std::size_t width(const std::string& text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

}  // namespace

void Table::print(std::ostream& out) const {
  std::vector<std::size_t> widths;
  for (const auto& row : rows_)
    for (std::size_t i = 0; i < row.size(); ++i) {
      if (i == widths.size()) widths.push_back(0);
      widths[i] = std::max(widths[i], width(row[i]));
    }
  for (const auto& row : rows_) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      out << row[i];
      if (i + 1 < row.size()) out << std::string(widths[i] - width(row[i]) + padding, ' ');
    }
    out << "\n";
  }
}

std::string age_text(Duration age) {
  auto seconds = std::chrono::duration_cast<std::chrono::seconds>(age).count();
  if (seconds < -1) return "never";
  if (seconds < 0) return "0s";
  if (seconds < 60) return std::to_string(seconds) + "s";
  auto hours = seconds / 3600;
  if (hours == 0) return std::to_string(seconds / 60) + "m";
  if (hours < 24) return std::to_string(hours) + "h";
  if (hours < 24 * 365) return std::to_string(hours / 24) + "d";
  return std::to_string(hours / 24 / 365) + "y";
}

std::string age_text(const std::string& timestamp, WallTime now) {
  if (timestamp.empty() || timestamp.starts_with("0001-")) return age_text(Duration::max());
  auto time = parse_timestamp(timestamp);
  return time ? age_text(now - *time) : std::string("?");
}

}  // namespace kumasim::cp
