#include "tools/cli/load.hpp"

#include <iostream>

#include <fmt/format.h>

namespace kumasim::cli {

std::optional<scenario::Scenario> load_or_complain(const std::string& file) {
  auto loaded = scenario::load_scenario_file(file);
  if (loaded) return std::move(*loaded);
  for (const scenario::Diagnostic& diagnostic : loaded.error()) std::cerr << diagnostic.text() << "\n";
  std::size_t count = loaded.error().size();
  std::cerr << fmt::format("kumasim: {} has {} error{}\n", file, count, count == 1 ? "" : "s");
  return std::nullopt;
}

}  // namespace kumasim::cli
