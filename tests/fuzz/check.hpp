/// What a fuzz target holds to be true: a broken one ends the program, which libFuzzer reports with the input.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

namespace kumasim::fuzz {

inline void hold(bool ok, std::string_view what, const std::string& detail = {}) {
  if (ok) return;
  std::fprintf(stderr, "broken: %.*s\n%s\n", static_cast<int>(what.size()), what.data(), detail.c_str());
  std::abort();
}

}  // namespace kumasim::fuzz
