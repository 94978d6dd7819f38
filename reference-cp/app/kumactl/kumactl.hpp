/// kumactl: Kuma's command line over the REST API, as a function of its arguments.
#pragma once

#include <iosfwd>
#include <string>
#include <vector>

namespace kumasim::cp {

/// What the program is given by the machine.
struct Console {
  std::ostream& out;
  std::ostream& error;
  std::string home;  ///< where ~/.kumactl/config lies
};

/// `arguments` without the program's name. The exit code: 0, or 1 after a line that starts with "Error: ".
int run_kumactl(const Console& console, const std::vector<std::string>& arguments);

}  // namespace kumasim::cp
