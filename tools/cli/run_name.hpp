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
};

/// Where the file is a report, all of it becomes what the report says of the run. False, with the reason on standard
/// error, where the report cannot be read or holds no such run, or there is no such bug.
bool resolve(RunName& name);

}  // namespace kumasim::cli
