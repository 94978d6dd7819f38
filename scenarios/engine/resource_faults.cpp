#include "scenarios/engine/resource_faults.hpp"

#include <algorithm>
#include <cassert>

#include <fmt/format.h>

#include "scenarios/engine/known_endpoints.hpp"

namespace kumasim::scenario {
namespace {

using nlohmann::json;

bool is_kind(const FaultOrder& order, std::string_view name) { return order.kind->name == name; }

bool makes_policies(const FaultOrder& order) {
  return is_kind(order, "cfg.badPolicy") || is_kind(order, "cfg.oversize") || is_kind(order, "cfg.massChange");
}

bool is_of(const ResourceName& is, const json& body) {
  ResourceName other = resource_name(body);
  return other.type == is.type && other.name == is.name && (is.type == "Mesh" || other.mesh == is.mesh);
}

/// An invalid policy is one that the control plane must not take.
bool must_be_refused(const FaultOrder& order) {
  return is_kind(order, "cfg.badPolicy") && order.word("what") == "invalid";
}

/// The tags of each inbound of a Dataplane; nothing for other resources.
std::vector<json*> tags_of(json& body) {
  std::vector<json*> out;
  if (body.value("type", "") != "Dataplane" || !body.contains("networking")) return out;
  json& networking = body["networking"];
  if (!networking.contains("inbound")) return out;
  for (json& inbound : networking["inbound"]) {
    if (inbound.contains("tags")) out.push_back(&inbound["tags"]);
  }
  return out;
}

/// Null: there is none of it.
json value_at(const json& in, const std::string& name) { return in.contains(name) ? in[name] : json(); }

void put(json& in, const std::string& name, const json& value) {
  if (value.is_null())
    in.erase(name);
  else
    in[name] = value;
}

void set_label(json& body, const std::string& label, const std::string& value) {
  for (json* tags : tags_of(body)) {
    if (tags->contains(label)) (*tags)[label] = value;
  }
  body["labels"][label] = value;
}

}  // namespace

void ResourceFaults::note_change(const std::string& zone, const ResourceName& is, const json& body) {
  Key key{zone, is.type, is.type == "Mesh" ? "" : is.mesh, is.name};
  changed_[key] = body;
  auto struck = struck_.find(key);
  if (struck == struck_.end()) return;
  struck->second.owed = body;
  struck->second.changed = true;
}

ResourceName ResourceFaults::named(const FaultOrder& order) const {
  std::string type = order.word("kind");
  return {type, type == "Mesh" ? "" : order.word("mesh"), order.word("name")};
}

std::string ResourceFaults::zone_of(const ResourceName& is) const {
  if (scenario_.zones.empty()) return {};
  if (is.type == "Dataplane") return scenario_.zone_of(is.name);
  for (const ResourceText& resource : scenario_.resources)
    if (is_of(is, resource.body)) return resource.zone;
  for (const Change& change : scenario_.changes)
    if (!change.apply.is_null() && is_of(is, change.apply)) return change.zone;
  return {};
}

ResourceFaults::Key ResourceFaults::key_of(const FaultOrder& order) const {
  if (makes_policies(order)) return {"", "", "", fmt::format("{}", order.id)};
  ResourceName is = named(order);
  return {zone_of(is), is.type, is.mesh, is.name};
}

void ResourceFaults::begin(const FaultOrder& order) {
  active_[order.id].order = order;
  Key key = key_of(order);
  struck_[key].faults.push_back(order.id);
  go_on(key);
}

void ResourceFaults::end(const FaultOrder& order) {
  auto found = active_.find(order.id);
  assert(found != active_.end() && "it has begun and not ended");
  found->second.ended = true;
  go_on(key_of(order));
}

void ResourceFaults::go_on(const Key& key) {
  auto struck = struck_.find(key);
  if (struck == struck_.end()) return;
  const std::vector<std::uint64_t>& faults = struck->second.faults;
  if (std::ranges::any_of(faults, [this](std::uint64_t id) { return active_.at(id).unanswered > 0; })) return;
  for (std::uint64_t id : faults) {
    Active& active = active_.at(id);
    if (active.phase == Phase::waiting) return strike(active);
    if (active.phase == Phase::going_on && active.ended) return undo(active);
  }
}

void ResourceFaults::strike(Active& active) {
  active.phase = Phase::beginning;
  expect_answer(active);
  std::uint64_t id = active.order.id;
  if (makes_policies(active.order)) put_policies(active);
  if (is_kind(active.order, "cfg.conflict")) read(active, &ResourceFaults::write_at_once);
  if (is_kind(active.order, "cfg.deleteRecreate")) read(active, &ResourceFaults::delete_it);
  if (is_kind(active.order, "cfg.labelFlip")) read(active, &ResourceFaults::flip);
  if (is_kind(active.order, "ops.rollback")) roll_back(active);
  answered(id);
}

void ResourceFaults::undo(Active& active) {
  active.phase = Phase::ending;
  expect_answer(active);
  std::uint64_t id = active.order.id;
  for (const ResourceName& is : std::exchange(active.made, {})) remove(active, is);
  if (active.struck) restore(active);
  answered(id);
}

void ResourceFaults::restore(Active& active) {
  if (is_kind(active.order, "cfg.labelFlip")) return read(active, &ResourceFaults::flip_back);
  Key key = key_of(active.order);
  json body = wanted(key);
  if (!body.is_null()) return apply(active, body);
  // What a change deleted a rollback has made again.
  if (is_kind(active.order, "ops.rollback") && struck_.at(key).owed->is_null()) remove(active, named(active.order));
}

json ResourceFaults::wanted(const Key& key) const {
  const Struck& struck = struck_.at(key);
  json out = *struck.owed;
  for (std::uint64_t id : struck.faults) {
    const Active& active = active_.at(id);
    if (!active.struck || active.phase == Phase::ending) continue;
    if (is_kind(active.order, "cfg.deleteRecreate")) out = nullptr;
    if (is_kind(active.order, "ops.rollback")) out = first_of(named(active.order));
    if (is_kind(active.order, "cfg.labelFlip") && !out.is_null())
      set_label(out, active.order.word("label"), active.order.word("value"));
  }
  return out;
}

json ResourceFaults::first_of(const ResourceName& is) const {
  auto first = std::ranges::find_if(scenario_.resources, [&](const ResourceText& resource) {
    return is_of(is, resource.body) && resource.zone == zone_of(is);
  });
  return first == scenario_.resources.end() ? json() : first->body;
}

void ResourceFaults::answered(std::uint64_t id) {
  Active& active = active_.at(id);
  if (--active.unanswered > 0) return;
  Key key = key_of(active.order);
  if (active.phase == Phase::ending) {
    std::vector<std::uint64_t>& faults = struck_.at(key).faults;
    std::erase(faults, id);
    if (faults.empty()) struck_.erase(key);
    active_.erase(id);
  } else {
    active.phase = Phase::going_on;
  }
  go_on(key);
}

void ResourceFaults::read(Active& active, void (ResourceFaults::*then)(Active&, json)) {
  expect_answer(active);
  ResourceName is = named(active.order);
  world_.read(zone_of(is), is, [this, id = active.order.id, is, then](json body) {
    if (body.is_null())
      hooks_.said(fmt::format("the control plane has no {} {}", is.type, is.name));
    else
      (this->*then)(active_.at(id), std::move(body));
    answered(id);
  });
}

void ResourceFaults::apply(Active& active, const json& body) {
  expect_answer(active);
  std::string zone = zone_of(resource_name(body));
  world_.apply(zone, body,
               [this, id = active.order.id, is = resource_name(body), zone, specification = specification_of(body),
                routing = zone_routing_of(body)](std::string problem) {
                 Active& of = active_.at(id);
                 if (problem.empty() && of.phase == Phase::beginning && makes_policies(of.order)) of.made.push_back(is);
                 if (!problem.empty()) hooks_.said(fmt::format("{} {} was refused: {}", is.type, is.name, problem));
                 if (problem.empty() && must_be_refused(of.order))
                   hooks_.broke(fmt::format("the control plane took {} {}, which is invalid", is.type, is.name));
                 hooks_.written({.type = is.type,
                                 .name = is.name,
                                 .problem = std::move(problem),
                                 .specification = specification,
                                 .zone = zone,
                                 .routing = routing});
                 answered(id);
               });
}

void ResourceFaults::remove(Active& active, const ResourceName& is) {
  expect_answer(active);
  std::string zone = zone_of(is);
  world_.remove(zone, is, [this, id = active.order.id, is, zone](std::string problem) {
    if (!problem.empty()) hooks_.said(fmt::format("{} {} was not deleted: {}", is.type, is.name, problem));
    hooks_.written({.type = is.type, .name = is.name, .problem = std::move(problem), .removed = true, .zone = zone});
    answered(id);
  });
}

void ResourceFaults::put_policies(Active& active) {
  for (const json& policy : policies_of_fault(scenario_, active.order)) apply(active, policy);
}

void ResourceFaults::note_struck(Active& active, const json& now) {
  active.struck = true;
  Struck& struck = struck_.at(key_of(active.order));
  if (!struck.owed) struck.owed = now;
}

void ResourceFaults::delete_it(Active& active, json now) {
  note_struck(active, now);
  remove(active, named(active.order));
}

void ResourceFaults::write_at_once(Active& active, json now) {
  note_struck(active, now);
  for (std::int64_t i = 0; i < active.order.number("count"); ++i) {
    now["labels"]["written-by"] = fmt::format("operator-{}", i);
    apply(active, now);
  }
}

void ResourceFaults::flip(Active& active, json now) {
  note_struck(active, now);
  set_label(now, active.order.word("label"), active.order.word("value"));
  apply(active, now);
}

/// The rest of it stays: a proxy that has started meanwhile has written its Dataplane anew.
void ResourceFaults::flip_back(Active& active, json now) {
  Key key = key_of(active.order);
  json body = wanted(key);
  if (body.is_null()) return;
  if (struck_.at(key).changed) return apply(active, body);
  const std::string& label = active.order.word("label");
  put(now["labels"], label, value_at(body.value("labels", json::object()), label));
  std::vector<json*> wanted_tags = tags_of(body);
  std::size_t index = 0;
  for (json* tags : tags_of(now)) {
    if (index < wanted_tags.size()) put(*tags, label, value_at(*wanted_tags[index], label));
    ++index;
  }
  apply(active, now);
}

void ResourceFaults::roll_back(Active& active) {
  ResourceName is = named(active.order);
  auto newest = changed_.find({zone_of(is), is.type, is.mesh, is.name});
  if (newest == changed_.end()) return hooks_.said(fmt::format("nothing has changed {} {}", is.type, is.name));
  note_struck(active, newest->second);
  json first = first_of(is);
  if (first.is_null())
    remove(active, is);
  else
    apply(active, first);
}

}  // namespace kumasim::scenario
