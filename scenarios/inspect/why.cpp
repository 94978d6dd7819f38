#include "scenarios/inspect/why.hpp"

#include <algorithm>

#include "reference-cp/model/kinds.hpp"
#include "scenarios/engine/reader.hpp"
#include "scenarios/inspect/moments.hpp"

namespace kumasim::scenario {
namespace {

using nlohmann::json;

constexpr std::size_t needed_shown_max = 12;  // in text; JSON has all

json commit_json(const Scenario& scenario, const Commit& commit) {
  json out = commit.to_json();
  if (std::string place = written_in(scenario, commit); !place.empty()) out["writtenIn"] = place;
  return out;
}

std::string commit_text(const Scenario& scenario, const Commit& commit) {
  std::string place = written_in(scenario, commit);
  return commit.text() + (place.empty() ? "" : " (" + place + ")");
}

/// A secret is made for the mesh, and not of what generation can be asked for again.
Why why_of_secret(const RecordedRun& run, const std::string& process) {
  const Instance& instance = *run.scenario().find_instance(process);
  Why out;
  out.changed = run.commits().last_of(cp::kind::mesh(), {"", run.scenario().find_service(instance.service)->mesh});
  return out;
}

}  // namespace

std::string written_in(const Scenario& scenario, const Commit& commit) {
  auto same = [&](const json& body) {
    ResourceName is = resource_name(body);
    return is.type == commit.change.kind->type() && is.name == commit.change.key.name;
  };
  if (commit.at >= Duration(0)) {
    for (const Change& change : scenario.changes) {
      bool removes = !commit.change.after && change.delete_type == commit.change.kind->type() &&
                     change.delete_name == commit.change.key.name;
      if (removes || (commit.change.after && !change.apply.is_null() && same(change.apply)))
        return fmt::format("{}:{}", scenario.file, change.mark.line);
    }
    return {};
  }
  auto found = std::ranges::find_if(scenario.resources, [&](const ResourceText& each) { return same(each.body); });
  return found == scenario.resources.end() ? std::string() : found->origin;
}

Why why_of(const RecordedRun& run, Provenance& provenance, const std::string& process, const std::string& type,
           const std::string& name) {
  Why out = type == "Secret" ? why_of_secret(run, process) : Why{};
  out.push = run.conversation(process).brought(type, name);
  // Of many zones Global's commits are heard, and the zones' make the configurations.
  if (out.push == nullptr || type == "Secret" || !run.scenario().zones.empty()) return out;
  Duration until = out.push->made.value_or(out.push->pushed.value_or(out.push->received));
  out.changed = provenance.changed_by(type, name, until);
  out.needed = provenance.needed(type, name, until);
  const std::string& bytes = *out.push->resources.at(name);
  if (bytes.find("-----BEGIN CERTIFICATE") == std::string::npos) out.equal = provenance.equal(type, name, until, bytes);
  return out;
}

json push_json(const Push& push) {
  json out{{"type", push.type}, {"version", push.version}, {"nonce", push.nonce}};
  if (push.made) out["madeAtSeconds"] = moment_seconds(*push.made);
  if (push.pushed) out["pushedAtSeconds"] = moment_seconds(*push.pushed);
  out["receivedAtSeconds"] = moment_seconds(push.received);
  if (push.answered) out[push.refusal.empty() ? "ackAtSeconds" : "nackAtSeconds"] = moment_seconds(*push.answered);
  if (!push.refusal.empty()) out["refusal"] = push.refusal;
  return out;
}

std::string push_text(const Push& push) {
  std::string out = "version " + push.version;
  if (push.made) out += fmt::format(", snapshot at {}", moment_text(*push.made));
  if (push.pushed) out += fmt::format(", pushed at {}", moment_text(*push.pushed));
  out += fmt::format(", received at {}", moment_text(push.received));
  if (!push.answered) return out + ", not answered";
  return out + fmt::format(", {} at {}{}{}", push.refusal.empty() ? "ACK" : "NACK", moment_text(*push.answered),
                           push.refusal.empty() ? "" : ": ", push.refusal);
}

json why_json(const Scenario& scenario, const Why& why) {
  json out = json::object();
  if (why.changed != nullptr) out["changedBy"] = commit_json(scenario, *why.changed);
  if (why.push != nullptr) out["push"] = push_json(*why.push);
  if (why.equal) out["madeAgain"] = *why.equal ? "equal" : "differs";
  for (const Needed& one : why.needed) {
    json item = commit_json(scenario, *one.commit);
    item["without"] = one.gone ? "gone" : "another";
    out["needs"].push_back(std::move(item));
  }
  return out;
}

std::vector<std::string> why_lines(const Scenario& scenario, const Why& why) {
  std::vector<std::string> out;
  if (why.push == nullptr) return {"of the bootstrap"};
  if (why.changed != nullptr) out.push_back("changed by " + commit_text(scenario, *why.changed));
  out.push_back(push_text(*why.push));
  for (std::size_t i = 0; i < why.needed.size() && i < needed_shown_max; ++i) {
    const Needed& one = why.needed[i];
    const cp::Change& change = one.commit->change;
    std::string place = written_in(scenario, *one.commit);
    out.push_back(fmt::format("{} {} {}, version {} (commit {}{})", one.gone ? "none without" : "made with",
                              change.kind->type(), change.key.name, change.after->meta.version, one.commit->number,
                              place.empty() ? "" : ", " + place));
  }
  if (why.needed.size() > needed_shown_max)
    out.push_back(fmt::format("made with {} more", why.needed.size() - needed_shown_max));
  if (why.equal == false) out.push_back("made again from the store it differs from what was pushed");
  return out;
}

}  // namespace kumasim::scenario
