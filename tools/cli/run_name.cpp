#include "tools/cli/run_name.hpp"

#include <fstream>
#include <iostream>

#include <fmt/format.h>

#include "kumasim/scenario/report.hpp"
#include "tools/cli/arguments.hpp"

namespace kumasim::cli {
namespace {

/// True where it is no report.
bool read_report(RunName& name) {
  std::ifstream in(name.file);
  nlohmann::json json = nlohmann::json::parse(in, nullptr, false);
  if (json.is_discarded() || !json.is_object() || !json.contains("runs")) return true;
  auto report = scenario::report_from_json(json);
  if (!report) {
    std::cerr << name.file << ": " << report.error().message << "\n";
    return false;
  }
  for (const scenario::WorldRun& run : report->runs) {
    if (run.world != "sim" || (name.seed && run.seed != *name.seed)) continue;
    name = {report->file, run.seed, run.planted_bug, fmt::format("{:016x}", run.fingerprint)};
    return true;
  }
  std::cerr << name.file << ": holds no such simulated run\n";
  return false;
}

}  // namespace

bool resolve(RunName& name) {
  if (!read_report(name)) return false;
  if (name.planted_bug.empty() || known_bug(name.planted_bug).empty()) return true;
  std::cerr << "kumasim: " << known_bug(name.planted_bug) << "\n";
  return false;
}

}  // namespace kumasim::cli
