/// Tables as kumactl prints them: columns as wide as their widest cell, three spaces between.
#pragma once

#include <iosfwd>
#include <string>
#include <vector>

#include "kumasim/runtime/time.hpp"

namespace kumasim::cp {

class Table {
 public:
  explicit Table(std::vector<std::string> headings) { rows_.push_back(std::move(headings)); }
  void add(std::vector<std::string> row) { rows_.push_back(std::move(row)); }
  void print(std::ostream& out) const;

 private:
  std::vector<std::vector<std::string>> rows_;
};

/// "5s", "3m", "2h", "12d", "1y"; "never" for the future.
std::string age_text(Duration age);
/// The age of an RFC 3339 time; Go's largest duration for no time or the year 1, as Kuma prints it.
std::string age_text(const std::string& timestamp, WallTime now);

}  // namespace kumasim::cp
