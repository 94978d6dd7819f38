#include "scenarios/inspect/explanation.hpp"

#include <algorithm>
#include <functional>
#include <iterator>
#include <map>
#include <memory>
#include <set>
#include <tuple>

#include <fmt/format.h>

#include "kumasim/scenario/quantity.hpp"
#include "scenarios/inspect/host_health.hpp"

namespace kumasim::scenario {
namespace {

Duration end_of(const RecordedRun& whole, const CallRecord& call) {
  return call.status == 0 && call.latency == Duration(0) ? whole.now() : call.start + call.latency;
}

class Explaining {
 public:
  Explaining(const RecordedRun& whole, const RecordedRun& then, std::size_t call) : whole_(whole), then_(then) {
    out_.number = call + 1;
    out_.call = whole.seen().calls[call];
    end_ = end_of(whole, out_.call);
  }

  Explanation go() {
    for (const auto& [process, state] : then_.state().proxies) holders_[state.address] = process;
    find_server();
    for (const CallStep& step : out_.call.steps) add_step(step);
    add_endpoints();
    add_faults();
    add_past();
    find_suspects();
    return std::move(out_);
  }

 private:
  std::string holder_of(const std::string& address) const {
    auto found = holders_.find(address);
    return found == holders_.end() ? std::string() : found->second;
  }

  void find_server() {
    out_.server = out_.call.instance;
    if (out_.server.empty()) out_.server = holder_of(out_.call.endpoint);
    if (!out_.server.empty()) return;
    // It had the address when the run began.
    for (const auto& [process, address] : whole_.seen().addresses)
      if (address == out_.call.endpoint) out_.server = process;
  }

  Provenance& provenance_of(const std::string& process) {
    std::unique_ptr<Provenance>& out = provenances_[process];
    if (!out) out = std::make_unique<Provenance>(then_, process);
    return *out;
  }

  /// The resource that a step shows: a listener, a cluster, or the endpoints of the cluster before.
  void add_step(const CallStep& step) {
    ExplainedStep added{.step = step};
    if (step.kind == "cluster") cluster_ = step.name;
    std::string type = step.kind == "listener"   ? "Listener"
                       : step.kind == "cluster"  ? "Cluster"
                       : step.kind == "endpoint" ? "ClusterLoadAssignment"
                                                 : "";
    std::string name = type == "ClusterLoadAssignment" ? cluster_ : step.name;
    bool instance = then_.scenario().find_instance(step.proxy) != nullptr;
    if (instance && !type.empty() && told_.insert({step.proxy, type, name}).second) {
      const Push* push = then_.conversation(step.proxy).brought(type, name);
      if (push != nullptr) {
        added.type = type;
        added.name = name;
        added.why = why_of(then_, provenance_of(step.proxy), step.proxy, type, name);
        // What a later push brings unchanged keeps the version of the one that brought it.
        added.newer = !step.version.empty() && push->versions.empty() && step.version != push->version;
      }
    }
    out_.way.push_back(std::move(added));
  }

  void add_endpoints() {
    auto caller = then_.state().proxies.find(out_.call.from_process);
    if (caller == then_.state().proxies.end()) return;
    const std::set<std::string>& known = caller->second.endpoints.of(out_.call.to);
    HostHealth health = host_health(then_, out_.call.from_process)[out_.call.to];
    out_.panics = std::move(health.panics);
    for (const std::string& address : known) {
      std::string process = holder_of(address);
      bool up = !process.empty() && then_.state().proxies.at(process).up;
      out_.endpoints.push_back({address, process, true, up, std::move(health.troubles[address])});
    }
    for (const Instance& instance : then_.scenario().instances) {
      const ProxyState& state = then_.state().proxies.at(instance.process);
      if (instance.service == out_.call.to && !known.contains(state.address))
        out_.endpoints.push_back({state.address, instance.process, false, state.up});
    }
  }

  void add_faults() {
    std::ranges::copy_if(whole_.seen().faults, std::back_inserter(out_.faults), [&](const FaultSpan& fault) {
      return fault.begin <= end_ && (!fault.end || *fault.end > out_.call.start);
    });
  }

  /// What happened since this flow was well, up to the end of the call.
  void add_past() {
    const auto& calls = whole_.seen().calls;
    for (std::size_t i = 0; i < calls.size(); ++i) {
      const CallRecord& one = calls[i];
      bool same = one.from == out_.call.from && one.to == out_.call.to;
      if (same && one.ok() && one.start < out_.call.start) out_.last_ok = i;
    }
    Duration from = out_.last_ok ? calls[*out_.last_ok].start : Duration(0);
    auto within = [&](Duration at) { return at >= from && at <= end_; };
    for (const TimelineEntry& entry : whole_.seen().timeline)
      if (within(entry.at)) out_.since.push_back(entry);
    for (const Commit& commit : whole_.commits().all())
      if (!commit.insight() && within(commit.at)) out_.commits.push_back(&commit);
    for (const std::string& process : {out_.call.from_process, out_.server}) {
      if (whole_.scenario().find_instance(process) == nullptr) continue;
      for (const Push& push : whole_.conversation(process).pushes())
        if (within(push.received)) out_.pushes.emplace_back(process, &push);
    }
  }

  /// Whom of those that had to do with the call the fault struck; "" for nobody.
  std::string struck_by(const FaultSpan& fault) const {
    auto planned = std::ranges::find_if(whole_.plan().actions, [&](const Action& action) {
      return action.kind == Action::Kind::begin && action.order.id == fault.id;
    });
    for (const std::string& process :
         {out_.server, out_.call.from_process, then_.scenario().control_planes().front()}) {
      bool struck = planned == whole_.plan().actions.end() ? fault.text.find(process) != std::string::npos
                                                           : planned->order.touches(process);
      if (!process.empty() && struck) return process;
    }
    return {};
  }

  /// Those that struck somebody who had to do with the call, in force or begun since the flow was well: those in force
  /// first, the later the earlier. Where there is none, the last one before.
  void find_suspects() {
    Duration from = out_.last_ok ? whole_.seen().calls[*out_.last_ok].start : Duration(0);
    std::optional<Suspect> last;
    for (const FaultSpan& fault : whole_.seen().faults) {
      if (fault.begin > end_) continue;
      bool in_force = !fault.end || *fault.end > out_.call.start;
      Suspect one{fault, in_force, struck_by(fault)};
      if (!one.strikes.empty() && (in_force || fault.begin >= from)) out_.suspects.push_back(one);
      last = std::move(one);
    }
    if (out_.suspects.empty() && last) out_.suspects.push_back(std::move(*last));
    std::ranges::stable_sort(out_.suspects, std::ranges::greater(),
                             [](const Suspect& one) { return std::tuple(one.in_force, one.fault.begin); });
  }

  const RecordedRun& whole_;
  const RecordedRun& then_;
  Explanation out_;
  Duration end_{};
  std::string cluster_;
  std::map<std::string, std::string> holders_;  // address -> process
  std::map<std::string, std::unique_ptr<Provenance>> provenances_;
  std::set<std::tuple<std::string, std::string, std::string>> told_;
};

}  // namespace

Explanation explain(const RecordedRun& whole, const RecordedRun& then, std::size_t call) {
  return Explaining(whole, then, call).go();
}

std::string call_text(const CallRecord& call) {
  return fmt::format("{} -> {}{}: {}{}{}{} after {}", call.from_process, call.to, call.path, answer_text(call),
                     call.flags.empty() ? "" : " " + call.flags, call.denied ? ", denied" : "",
                     call.plaintext() ? ", plaintext" : "", duration_text(call.latency));
}

}  // namespace kumasim::scenario
