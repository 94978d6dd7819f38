/// Two simulated processes, one of which writes to the other, while the faults of a scenario strike them.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "kumasim/scenario/plan.hpp"
#include "kumasim/sim/world.hpp"
#include "scenarios/engine/sim_faults.hpp"
#include "sim/envoy/data/fabric.hpp"

namespace kumasim::scenario {

/// `a-0` connects to `b-0` by name and writes a numbered line each `pause`; after an error it connects again half a
/// second later. `b-0` reads them. Both it and the control plane's process, which does nothing else, leave an unsynced
/// byte on their disks in each life.
class FaultBed {
 public:
  struct Options {
    std::uint64_t seed = 1;
    Duration pause = std::chrono::milliseconds(10);
    std::size_t line_bytes = 100;
  };
  /// One line that arrived; times count from the start of the world.
  struct Line {
    int number = 0;
    Duration sent{}, at{};
    Duration wall_off{};   // the reader's wall clock
    std::size_t read = 0;  // bytes of the read that completed it
    Duration delay() const { return at - sent; }
  };
  struct Failure {
    std::string text;
    Duration at{};
  };

  /// `faults` are items of spec.faults: "- {fault: net.delay, ...}", one a line.
  explicit FaultBed(const std::string& faults) : FaultBed(faults, Options{}) {}
  FaultBed(const std::string& faults, Options options);
  ~FaultBed();

  void run(Duration until) { world.run_until(MonotonicTime(until)); }
  std::vector<Line> lines_between(Duration from, Duration to) const;  // by the time of sending
  sim::Process& process(const std::string& name) { return *world.find_process(name); }

  Scenario scenario;
  sim::World world;
  std::vector<Line> lines;
  std::size_t garbled = 0;  // lines that do not read as such
  std::vector<Failure> failures;
  std::map<std::string, std::vector<std::size_t>> disk_bytes;  // process -> what each of its lives found on its disk
  std::vector<std::string> stopped;                            // processes that were asked to end
  std::map<std::string, std::string> overrides;                // process -> what it starts with besides

 private:
  asio::awaitable<void> write_lines(Runtime& runtime);
  asio::awaitable<void> read_lines(Runtime& runtime, Stream stream);
  asio::awaitable<void> listen(Runtime& runtime);
  void leave_a_byte(const std::string& name, Runtime& runtime);

  Options options_;
  std::unique_ptr<sim::proxy::Fabric> fabric_;
  std::unique_ptr<SimFaults> faults_;
  Plan plan_;
  int numbered_ = 0;
};

}  // namespace kumasim::scenario
