/// kuma-cp store export and kuma-cp store import: the whole store to a file and back (store/export_format.hpp).
#pragma once

#include <string>
#include <vector>

#include "kumasim/runtime/log.hpp"
#include "reference-cp/app/kuma_cp/config.hpp"
#include "reference-cp/model/resource.hpp"

namespace CLI {
class App;
}

namespace kumasim::cp {

class StoreCommand {
 public:
  /// Adds the commands; `config_file` is where -c goes. Both must outlive this.
  StoreCommand(CLI::App& app, std::string& config_file);

  bool parsed() const;
  /// REQUIRES: parsed().
  Result<> run(const Config& config, Log& log) const;

 private:
  Result<> write(const Config& config) const;
  Result<> read(const Config& config, Log& log) const;

  CLI::App* group_;
  CLI::App* export_;
  std::string file_;
  bool replace_ = false;
};

/// The resources of an export; "-" is the standard input.
Result<std::vector<Resource>> read_export(const std::string& file);

}  // namespace kumasim::cp
