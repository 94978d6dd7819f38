/// Where a proxy's configuration comes from: the control plane's own generator is run again over the store's commits.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "scenarios/inspect/recorded_run.hpp"

namespace kumasim::scenario {

/// A resource of the store without which a resource of the proxy would be another one, or none.
struct Needed {
  const Commit* commit = nullptr;  ///< the last one that wrote it
  bool gone = false;               ///< without it there is none
};

/// Of one proxy, at the end of a run. What it says of is what generation makes: not secrets, not what the bootstrap
/// has.
class Provenance {
 public:
  /// `run` must outlive it.
  Provenance(const RecordedRun& run, const std::string& process);
  ~Provenance();
  Provenance(const Provenance&) = delete;
  Provenance& operator=(const Provenance&) = delete;

  /// The last commit up to that moment that made the resource ("Listener" and its name) another one; null for none.
  const Commit* changed_by(std::string_view type, const std::string& name, Duration until) const;
  /// Of the store as it was then, found by leaving out each of its resources in turn; the proxy's own Dataplane and its
  /// Mesh are not among them.
  const std::vector<Needed>& needed(std::string_view type, const std::string& name, Duration until);
  /// Whether what is made of the store as it was then is what the proxy was sent, byte for byte.
  bool equal(std::string_view type, const std::string& name, Duration until, const std::string& bytes) const;

 private:
  struct Maker;
  struct Made {
    const Commit* commit = nullptr;
    XdsBytes bytes;  ///< null: it went
  };
  using Name = std::pair<std::string, std::string>;

  void replay();
  std::map<Name, std::vector<Needed>> leave_out_each(std::size_t commits) const;
  const Made* made_until(std::string_view type, const std::string& name, Duration until) const;

  const RecordedRun& run_;
  std::unique_ptr<Maker> maker_;
  std::map<Name, std::vector<Made>> history_;
  std::map<std::size_t, std::map<Name, std::vector<Needed>>> needed_;  ///< by the number of commits
};

}  // namespace kumasim::scenario
