/// What every command of one run of kumactl shares: the console, the global options, the configuration, the client.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include <nlohmann/json.hpp>

#include "kumasim/runtime/error.hpp"
#include "reference-cp/app/kumactl/config_file.hpp"
#include "reference-cp/app/kumactl/kumactl.hpp"
#include "reference-cp/app/kumactl/rest_client.hpp"

namespace kumasim::cp {

class Session {
 public:
  explicit Session(const Console& console);
  ~Session();

  /// Reads the configuration, and makes it at the first use (not with --no-config).
  Result<> load_config();
  Result<> save_config();

  /// A client of the active control plane, or of the one that --context names.
  Result<RestClient*> client();

  /// Tells on the error stream where the server is of another version, as Kuma does before most commands.
  void check_compatibility();

  std::ostream& out() const { return console_.out; }
  std::ostream& error() const { return console_.error; }
  live::LiveRuntime& live() { return *live_; }
  const std::string& home() const { return console_.home; }

  // Global options.
  std::string config_file;
  std::string context;
  std::string log_level = "off";
  std::string api_timeout = "1m0s";
  bool no_config = false;
  std::string mesh = "default";

  ConfigFile config = ConfigFile::standard();

  /// What the chosen command does, once the command line is read.
  std::function<Result<>()> action;
  /// Commands on the configuration alone, which need no control plane.
  bool offline = false;

 private:
  std::string config_path() const;

  Console console_;
  std::unique_ptr<live::LiveRuntime> live_;
  std::unique_ptr<RestClient> client_;
};

}  // namespace kumasim::cp
