/// The store that replicas of a control plane share in a live world: a PostgreSQL server of its own.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "kumasim/runtime/error.hpp"
#include "reference-cp/live/child_process.hpp"

namespace kumasim::scenario {

/// The programs of a PostgreSQL server, which refuses to be run by root.
class PostgresPrograms {
 public:
  /// Of PATH, else the newest that Debian's packages brought.
  static Result<PostgresPrograms> find();

  /// Makes an empty server in a folder that is not there yet; run in the folder around it.
  live::ChildOptions make(const std::filesystem::path& folder) const;
  /// Serves whoever comes to that address.
  live::ChildOptions serve(const std::filesystem::path& folder, const std::string& address) const;
  /// Ends with success where a server answers there.
  live::ChildOptions ask(const std::string& address) const;
  /// Ends with success where the statement was done there.
  live::ChildOptions tell(const std::string& address, const std::string& statement) const;
  /// Everybody may come to a server that was made there: no other process is in its network.
  Result<> open(const std::filesystem::path& folder) const;
  /// It belongs to the user that runs the server.
  Result<> give(const std::filesystem::path& path) const;

 private:
  live::ChildOptions command(const char* program, std::vector<std::string> arguments) const;

  std::string folder_;
  unsigned user_ = 0, group_ = 0;  // 0: who we are
};

struct LiveStore {
  std::string name;              // of the process in the scenario
  std::filesystem::path folder;  // data, and the log beside it
  std::string address;
  std::optional<live::ChildProcess> server;
  std::optional<live::ChildProcess> errand;  // the last statement
  bool paused = false;

  std::filesystem::path data() const { return folder / "data"; }
  bool runs() const { return server && !server->status(); }
  bool up() const { return runs() && !paused; }
  /// KUMA_STORE_* of a control plane that keeps its resources there.
  std::map<std::string, std::string> settings() const;
};

}  // namespace kumasim::scenario
