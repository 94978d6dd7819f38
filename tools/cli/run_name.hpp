/// Which run a command is about: that of a scenario file and a seed, or one of a report.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace kumasim::cli {

struct RunName {
  std::string file;                   ///< scenario file, or the JSON report of a run
  std::optional<std::uint64_t> seed;  ///< of a report: absent for its first simulated run
  std::string planted_bug = {};
  std::string fingerprint = {};  ///< that the run must have; "" for any
  std::string commit = {};       ///< that the report was made by; "" where there is no report
};

/// Where the file is a report, all of it becomes what the report says of the run. False, with the reason on standard
/// error, where the report cannot be read, holds no such run or another bug or fingerprint than was given, or there is
/// no such bug.
bool resolve(RunName& name);

/// False, with the reason on standard error, where a run that went to its end has not the fingerprint that it must
/// have.
bool same_run(const RunName& name, std::uint64_t fingerprint);

/// Says on standard error where another commit made the report: its run may be another one here.
void warn_of_commit(const RunName& name);

}  // namespace kumasim::cli
