#include "tools/cli/run_name.hpp"

#include <fstream>
#include <iostream>

#include <fmt/format.h>

#include "kumasim/scenario/report.hpp"
#include "tools/cli/arguments.hpp"
#include "tools/cli/commit.hpp"

namespace kumasim::cli {
namespace {

bool contradicts(const RunName& name, const scenario::WorldRun& run, const std::string& fingerprint) {
  std::string said;
  if (!name.planted_bug.empty() && name.planted_bug != run.planted_bug)
    said = fmt::format("had {}, not --planted-bug {}",
                       run.planted_bug.empty() ? "no planted bug" : "the planted bug " + run.planted_bug,
                       name.planted_bug);
  else if (!name.fingerprint.empty() && name.fingerprint != fingerprint)
    said = fmt::format("had the fingerprint {}, not {}", fingerprint, name.fingerprint);
  if (said.empty()) return false;
  std::cerr << fmt::format("{}: its run of seed {} {}\n", name.file, run.seed, said);
  return true;
}

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
    std::string fingerprint = fmt::format("{:016x}", run.fingerprint);
    if (contradicts(name, run, fingerprint)) return false;
    name = {report->file, run.seed, run.planted_bug, fingerprint, report->commit};
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

bool same_run(const RunName& name, std::uint64_t fingerprint) {
  std::string now = fmt::format("{:016x}", fingerprint);
  if (name.fingerprint.empty() || now == name.fingerprint) return true;
  std::cerr << fmt::format("not the same run: fingerprint {} instead of {}; another commit or build?\n", now,
                           name.fingerprint);
  return false;
}

void warn_of_commit(const RunName& name) {
  if (name.commit.empty() || name.commit == commit()) return;
  std::cerr << fmt::format(
      "kumasim: warning: the report is of commit {}, this is {}: its run may be another one here\n", name.commit,
      commit());
}

}  // namespace kumasim::cli
