#include "kumasim/scenario/course.hpp"

#include <algorithm>
#include <array>
#include <map>

#include "kumasim/scenario/scenario.hpp"

namespace kumasim::scenario {
namespace {

using namespace std::chrono_literals;

FlowCourse flow_course(std::string from, std::string to, const std::vector<const CallRecord*>& calls, Duration slot,
                       std::size_t slots) {
  FlowCourse out{.from = std::move(from), .to = std::move(to), .slots = std::vector<FlowSlot>(slots)};
  std::vector<std::vector<Duration>> latencies(slots);
  for (const CallRecord* call : calls) {
    auto place = static_cast<std::size_t>(call->start / slot);
    FlowSlot& here = out.slots[place];
    ++here.calls;
    ++(call->ok() ? here.ok : call->denied ? here.denied : here.failed);
    latencies[place].push_back(call->status == 0 ? never : call->latency);
  }
  for (std::size_t i = 0; i < slots; ++i) {
    if (latencies[i].empty()) continue;
    std::ranges::sort(latencies[i]);
    out.slots[i].p50 = latencies[i][percentile_index(latencies[i].size(), 50)];
    out.slots[i].p99 = latencies[i][percentile_index(latencies[i].size(), 99)];
  }
  return out;
}

/// `is` turned true or false at times in ascending order: the intervals in which it was true.
class Intervals {
 public:
  explicit Intervals(std::vector<Interval>& out) : out_(out) {}
  void note(Duration at, bool is) {
    if (is == open_) return;
    if (is)
      out_.push_back({at, at});
    else
      out_.back().end = at;
    open_ = is;
  }
  void close(Duration end) { note(end, false); }

 private:
  std::vector<Interval>& out_;
  bool open_ = false;
};

ProcessCourse process_course(const std::string& process, const std::string& service, const Observations& seen,
                             Duration end) {
  ProcessCourse out{.process = process, .service = service};
  Intervals down(out.down), cut_off(out.cut_off);
  std::uint64_t life = 0;
  for (const LifeChange& life : seen.lives) {
    if (life.process == process && life.at <= end) down.note(life.at, !life.up);
  }
  for (const StateSample& sample : seen.samples) {
    auto found = sample.proxies.find(process);
    if (found == sample.proxies.end()) continue;
    const ProxyState& proxy = found->second;
    cut_off.note(sample.at, proxy.cut_off);
    if (!proxy.up) continue;
    bool same = !out.configurations.empty() && life == proxy.life &&
                out.configurations.back().accepted == proxy.accepted &&
                out.configurations.back().refused == proxy.refused;
    life = proxy.life;
    if (!same) out.configurations.push_back({sample.at, proxy.accepted, proxy.refused});
  }
  down.close(end);
  cut_off.close(end);
  return out;
}

}  // namespace

Duration round_part(Duration length, std::int64_t parts_max) {
  constexpr std::array<Duration, 23> round{10ms, 20ms, 50ms, 100ms, 200ms, 500ms, 1s, 2s, 5s, 10s, 15s, 30s,
                                           1min, 2min, 5min, 10min, 15min, 30min, 1h, 2h, 6h, 12h, 24h};
  for (Duration part : round) {
    if (length <= part * parts_max) return part;
  }
  Duration days = round.back() * parts_max;
  return round.back() * ((length + days - 1ns) / days);
}

Course course_of(const Scenario& scenario, const Observations& seen) {
  Course out;
  std::map<std::pair<std::string, std::string>, std::vector<const CallRecord*>> calls;
  out.length = scenario.duration;
  for (const CallRecord& call : seen.calls) {
    calls[{call.from, call.to}].push_back(&call);
    out.length = std::max(out.length, call.start + Duration(1));
  }
  out.slot_length = round_part(out.length, course_slots_max);
  auto slots = static_cast<std::size_t>((out.length + out.slot_length - Duration(1)) / out.slot_length);
  for (const auto& [from, to] : scenario.flows())
    out.flows.push_back(flow_course(from, to, calls[{from, to}], out.slot_length, slots));
  out.faults = seen.faults;
  for (const std::string& name : scenario.control_planes())
    out.processes.push_back(process_course(name, "", seen, out.length));
  for (const std::string& name : scenario.stores()) out.processes.push_back(process_course(name, "", seen, out.length));
  for (const std::string& name : scenario.zone_proxies())
    out.processes.push_back(process_course(name, "", seen, out.length));
  for (const Instance& instance : scenario.instances)
    out.processes.push_back(process_course(instance.process, instance.service, seen, out.length));
  return out;
}

}  // namespace kumasim::scenario
