/// The course of a run and its last messages, for programs: one array a curve, one number a slot.
#include <nlohmann/json.hpp>

#include "kumasim/scenario/course.hpp"
#include "kumasim/scenario/messages.hpp"

namespace kumasim::scenario {
namespace {

using json = nlohmann::json;

double seconds(Duration value) { return static_cast<double>(value.count()) / 1e9; }

/// Null where no call was answered so late.
json latency(const FlowSlot& slot, Duration value) {
  return slot.calls == 0 || value == never ? json() : json(seconds(value));
}

json flow_json(const FlowCourse& flow) {
  json out{{"from", flow.from}, {"to", flow.to}};
  for (const char* curve : {"calls", "ok", "denied", "failed", "p50Seconds", "p99Seconds"}) out[curve] = json::array();
  for (const FlowSlot& slot : flow.slots) {
    out["calls"].push_back(slot.calls);
    out["ok"].push_back(slot.ok);
    out["denied"].push_back(slot.denied);
    out["failed"].push_back(slot.failed);
    out["p50Seconds"].push_back(latency(slot, slot.p50));
    out["p99Seconds"].push_back(latency(slot, slot.p99));
  }
  return out;
}

json intervals_json(const std::vector<Interval>& intervals) {
  json out = json::array();
  for (const Interval& one : intervals)
    out.push_back({{"beginSeconds", seconds(one.begin)}, {"endSeconds", seconds(one.end)}});
  return out;
}

json process_json(const ProcessCourse& process) {
  json out{{"process", process.process},
           {"down", intervals_json(process.down)},
           {"cutOff", intervals_json(process.cut_off)},
           {"configurations", json::array()}};
  if (!process.service.empty()) out["service"] = process.service;
  for (const ConfigurationStep& step : process.configurations) {
    out["configurations"].push_back(
        {{"atSeconds", seconds(step.at)}, {"accepted", step.accepted}, {"refused", step.refused}});
  }
  return out;
}

}  // namespace

json course_json(const Course& course) {
  json out{{"slotSeconds", seconds(course.slot_length)},
           {"seconds", seconds(course.length)},
           {"flows", json::array()},
           {"faults", json::array()},
           {"processes", json::array()}};
  for (const FlowCourse& flow : course.flows) out["flows"].push_back(flow_json(flow));
  for (const FaultSpan& fault : course.faults) {
    out["faults"].push_back({{"fault", fault.kind},
                             {"what", fault.text},
                             {"beginSeconds", seconds(fault.begin)},
                             {"endSeconds", fault.end ? json(seconds(*fault.end)) : json()}});
  }
  for (const ProcessCourse& process : course.processes) out["processes"].push_back(process_json(process));
  return out;
}

nlohmann::json messages_json(const Messages& messages) {
  nlohmann::json out{{"momentSeconds", seconds(messages.moment)},
                     {"events", nlohmann::json::array()},
                     {"messages", nlohmann::json::array()}};
  for (const MessageEvent& event : messages.events) {
    out["events"].push_back(
        {{"id", event.id}, {"atSeconds", seconds(event.at)}, {"process", event.process}, {"what", event.what}});
  }
  for (const Message& message : messages.list) out["messages"].push_back({message.sent, message.taken});
  return out;
}

}  // namespace kumasim::scenario
