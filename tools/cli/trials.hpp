/// Runs of candidates for a shrinker, side by side in child processes, each document once.
#pragma once

#include <chrono>
#include <cstdint>
#include <expected>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "kumasim/chaos/signature.hpp"
#include "tools/cli/worker_pool.hpp"

namespace kumasim::cli {

struct TrialOptions {
  std::string file;  // named in what a loader says
  std::uint64_t seed = 1;
  std::string planted_bug;
  std::string signature;  // signature_anywhen of the failure that is wanted
  /// What breaks must pass so as well.
  bool without_bug = false, without_faults = false;
  unsigned jobs = 1;
  std::chrono::seconds cpu_max{600};
  std::optional<std::chrono::steady_clock::time_point> until;  // nothing is tried after it
};

/// The failure of a run whose process died.
chaos::Failure crash_of(const Finished& finished);

/// The first failure of one run, in a process of its own; nothing where it passes. The error is what a loader says.
std::expected<std::optional<chaos::Failure>, std::string> first_failure(const std::string& text,
                                                                        const TrialOptions& options);

/// The scenario without its faults.
nlohmann::json faultless(nlohmann::json document);

class Trials {
 public:
  /// `each` is called after each run that was made.
  Trials(TrialOptions options, std::function<void()> each) : options_(std::move(options)), each_(std::move(each)) {}

  /// As scenario::Trial has them; the answers do not depend on the number of jobs.
  std::optional<std::size_t> first_breaking(const std::vector<nlohmann::json>& candidates);
  std::vector<std::string> outcomes(const std::vector<nlohmann::json>& candidates);

  std::size_t runs() const { return runs_; }
  /// The time was over before everything had been tried.
  bool stopped() const { return stopped_; }

 private:
  bool time_is_over() const;
  std::string run(const nlohmann::json& candidate) const;
  /// Why the candidate breaks for another reason; "" where it does not.
  std::string control(const nlohmann::json& candidate) const;
  /// "" where it breaks as wanted; nothing where it is not known yet.
  const std::string* known(const std::string& text) const;
  void collect(const std::vector<std::string>& texts, const Finished& finished);

  TrialOptions options_;
  std::function<void()> each_;
  std::map<std::string, std::string> outcomes_;  // by text
  std::size_t runs_ = 0;
  bool stopped_ = false;
};

}  // namespace kumasim::cli
