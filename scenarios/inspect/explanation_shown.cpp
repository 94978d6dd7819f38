/// An explanation for programs and for people.
#include <fmt/format.h>

#include "scenarios/inspect/explanation.hpp"
#include "scenarios/inspect/inspection.hpp"
#include "scenarios/inspect/moments.hpp"

namespace kumasim::scenario {
namespace {

using nlohmann::json;

json call_json(const Explanation& explanation) {
  const CallRecord& call = explanation.call;
  json out{{"number", explanation.number},
           {"startSeconds", moment_seconds(call.start)},
           {"latencySeconds", moment_seconds(call.latency)},
           {"from", call.from},
           {"fromProcess", call.from_process},
           {"to", call.to},
           {"path", call.path},
           {"ok", call.ok()},
           {"status", call.status},
           {"flags", call.flags},
           {"denied", call.denied},
           {"plaintext", call.plaintext()},
           {"endpoint", call.endpoint},
           {"instance", call.instance}};
  if (call.grpc_status) out["grpcStatus"] = *call.grpc_status;
  return out;
}

json way_json(const Scenario& scenario, const Explanation& explanation) {
  json out = json::array();
  for (const ExplainedStep& one : explanation.way) {
    json item{{"proxy", one.step.proxy}, {"kind", one.step.kind}, {"name", one.step.name}};
    if (!one.step.version.empty()) item["version"] = one.step.version;
    if (one.why) {
      item["resource"] = {{"type", one.type}, {"name", one.name}};
      item["why"] = why_json(scenario, *one.why);
      if (one.newer) item["newerThanAtItsBegin"] = true;
    }
    out.push_back(std::move(item));
  }
  return out;
}

json fault_json(const FaultSpan& fault) {
  json out{{"kind", fault.kind}, {"text", fault.text}, {"beginSeconds", moment_seconds(fault.begin)}};
  if (fault.end) out["endSeconds"] = moment_seconds(*fault.end);
  return out;
}

json since_json(const RecordedRun& whole, const Explanation& explanation) {
  json out{{"timeline", json::array()}, {"commits", json::array()}, {"pushes", json::array()}};
  if (explanation.last_ok) {
    out["lastCallThatSucceeded"] = {{"number", *explanation.last_ok + 1},
                                    {"startSeconds", moment_seconds(whole.seen().calls[*explanation.last_ok].start)}};
  }
  for (const TimelineEntry& entry : explanation.since)
    out["timeline"].push_back({{"atSeconds", moment_seconds(entry.at)}, {"what", entry.text}});
  for (const Commit* commit : explanation.commits) out["commits"].push_back(commit->to_json());
  for (const auto& [process, push] : explanation.pushes) {
    out["pushes"].push_back(push_json(*push));
    out["pushes"].back()["proxy"] = process;
  }
  return out;
}

std::string fault_text(const Suspect& suspect) {
  std::string out = fmt::format("{} at {}", suspect.fault.text, moment_text(suspect.fault.begin));
  out += suspect.in_force ? ", in force" : ", over by then";
  if (!suspect.strikes.empty()) out += ", strikes " + suspect.strikes;
  return out;
}

std::string way_text(const Scenario& scenario, const Explanation& explanation) {
  std::string out;
  for (const ExplainedStep& one : explanation.way) {
    out += fmt::format("  {} {} {}{}\n", one.step.proxy, one.step.kind, one.step.name,
                       one.step.version.empty() ? "" : " @" + one.step.version);
    if (!one.why) continue;
    for (const std::string& line : why_lines(scenario, *one.why)) out += "      " + line + "\n";
    if (one.newer) out += "      the call met another version than the proxy ran when it began\n";
  }
  return out;
}

std::string proxy_text(const RecordedRun& then, const std::string& process) {
  const ProxyState& state = then.state().proxies.at(process);
  std::string out = fmt::format("  {}: {}, {}, {}", process, state.up ? "up" : "down",
                                state.connected ? "connected" : "not connected",
                                state.ready ? "ready" : "something is missing or warms");
  if (then.state().rollout && !then.state().silent.contains(then.scenario().control_plane_of(process).name)) {
    auto said = then.state().rollout->proxies.find(process);
    bool there = said != then.state().rollout->proxies.end();
    out += fmt::format("; the control plane says: {}", !there                 ? "not registered"
                                                       : said->second.current ? "current"
                                                                              : "not current");
  } else {
    out += "; the control plane does not answer";
  }
  return out + "\n";
}

std::string since_text(const RecordedRun& whole, const Explanation& explanation) {
  std::string out;
  if (explanation.last_ok) {
    const CallRecord& call = whole.seen().calls[*explanation.last_ok];
    out = fmt::format("since the last call of this flow that succeeded (call {} at {})\n", *explanation.last_ok + 1,
                      moment_text(call.start));
  } else {
    out = "no call of this flow had succeeded before; since the mesh was up\n";
  }
  for (const TimelineEntry& entry : explanation.since)
    out += fmt::format("  {} {}\n", moment_text(entry.at), entry.text);
  for (const Commit* commit : explanation.commits) out += "  " + commit->text() + "\n";
  for (const auto& [process, push] : explanation.pushes)
    out += fmt::format("  {} {}: {}\n", process, push->type, push_text(*push));
  bool nothing = explanation.since.empty() && explanation.commits.empty() && explanation.pushes.empty();
  return out + (nothing ? "  nothing was done, written or pushed to these proxies\n" : "");
}

}  // namespace

json explanation_json(const RecordedRun& whole, const RecordedRun& then, const Explanation& explanation) {
  const Scenario& scenario = then.scenario();
  json out{{"scenario", scenario.name},
           {"seed", whole.run().seed},
           {"fingerprint", fmt::format("{:016x}", whole.run().fingerprint)},
           {"call", call_json(explanation)},
           {"way", way_json(scenario, explanation)},
           {"endpoints", json::array()},
           {"proxies", json::object()},
           {"controlPlane", control_plane_json(then)},
           {"faults", json::array()},
           {"since", since_json(whole, explanation)}};
  for (const EndpointState& one : explanation.endpoints) {
    json& added = out["endpoints"].emplace_back(
        json{{"address", one.address}, {"process", one.process}, {"known", one.known}, {"up", one.up}});
    if (!one.trouble.empty()) added["trouble"] = one.trouble;
  }
  if (!explanation.panics.empty()) out["inPanic"] = explanation.panics;
  for (const std::string& process : {explanation.call.from_process, explanation.server})
    if (scenario.find_instance(process) != nullptr) out["proxies"][process] = proxy_json(then, process);
  for (const FaultSpan& fault : explanation.faults) out["faults"].push_back(fault_json(fault));
  for (const Suspect& suspect : explanation.suspects) {
    json fault = fault_json(suspect.fault);
    fault["inForce"] = suspect.in_force;
    if (!suspect.strikes.empty()) fault["strikes"] = suspect.strikes;
    out["suspects"].push_back(std::move(fault));
  }
  return out;
}

std::string explanation_text(const RecordedRun& whole, const RecordedRun& then, const Explanation& explanation) {
  const Scenario& scenario = then.scenario();
  std::string out = fmt::format("call {} at {}: {}\n\nits way\n", explanation.number,
                                moment_text(explanation.call.start), call_text(explanation.call));
  out += explanation.way.empty() ? "  " + explanation.call.why + "\n" : way_text(scenario, explanation);
  out += "\nthe proxies when it began\n";
  for (const std::string& process : {explanation.call.from_process, explanation.server})
    if (scenario.find_instance(process) != nullptr) out += proxy_text(then, process);
  for (const EndpointState& one : explanation.endpoints)
    out +=
        fmt::format("  {} {} of {}: {}, {}{}{}\n", one.address, one.process.empty() ? "that nobody has" : one.process,
                    explanation.call.to, one.known ? "known to the caller" : "not known to the caller",
                    one.up ? "up" : "down", one.trouble.empty() ? "" : ", ", one.trouble);
  for (const std::string& cluster : explanation.panics)
    out += fmt::format("  {} of the caller is in panic: who is well does not count\n", cluster);
  out += "\n" + since_text(whole, explanation);
  if (!explanation.faults.empty()) out += "\nfaults in force\n";
  for (const FaultSpan& fault : explanation.faults)
    out += fmt::format("  {} since {}\n", fault.text, moment_text(fault.begin));
  if (!explanation.suspects.empty()) out += "\n";
  for (const Suspect& suspect : explanation.suspects) out += "fault: " + fault_text(suspect) + "\n";
  return out;
}

}  // namespace kumasim::scenario
