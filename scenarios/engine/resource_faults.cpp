#include "scenarios/engine/resource_faults.hpp"

#include <algorithm>
#include <cassert>

#include <fmt/format.h>

namespace kumasim::scenario {
namespace {

using nlohmann::json;

bool is_kind(const FaultOrder& order, std::string_view name) { return order.kind->name == name; }

bool makes_policies(const FaultOrder& order) {
  return is_kind(order, "cfg.badPolicy") || is_kind(order, "cfg.oversize") || is_kind(order, "cfg.massChange");
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

}  // namespace

void ResourceFaults::note_change(const ResourceName& is, const json& body) {
  changed_[{is.type, is.type == "Mesh" ? "" : is.mesh, is.name}] = body;
}

ResourceName ResourceFaults::named(const FaultOrder& order) const {
  std::string type = order.word("kind");
  return {type, type == "Mesh" ? "" : order.word("mesh"), order.word("name")};
}

void ResourceFaults::begin(const FaultOrder& order) {
  Active& active = active_[order.id];
  active.order = order;
  strike(active);
}

void ResourceFaults::end(const FaultOrder& order) {
  auto found = active_.find(order.id);
  assert(found != active_.end() && "it has begun and not ended");
  Active& active = found->second;
  active.ended = true;
  if (active.phase == Phase::going_on) undo(active);
}

void ResourceFaults::strike(Active& active) {
  expect_answer(active);
  std::uint64_t id = active.order.id;
  if (makes_policies(active.order)) put_policies(active);
  if (is_kind(active.order, "cfg.conflict")) read(active, &ResourceFaults::save_and_write);
  if (is_kind(active.order, "cfg.deleteRecreate")) read(active, &ResourceFaults::save_and_delete);
  if (is_kind(active.order, "cfg.labelFlip")) read(active, &ResourceFaults::flip);
  if (is_kind(active.order, "ops.rollback")) roll_back(active);
  answered(id);
}

void ResourceFaults::undo(Active& active) {
  active.phase = Phase::ending;
  expect_answer(active);
  std::uint64_t id = active.order.id;
  for (const ResourceName& is : std::exchange(active.made, {})) remove(active, is);
  bool put_back = is_kind(active.order, "cfg.conflict") || is_kind(active.order, "cfg.deleteRecreate");
  if (put_back && !active.saved.is_null()) apply(active, active.saved);
  if (is_kind(active.order, "cfg.labelFlip") && !active.saved.is_null()) read(active, &ResourceFaults::flip_back);
  if (is_kind(active.order, "ops.rollback")) roll_forward(active);
  answered(id);
}

void ResourceFaults::answered(std::uint64_t id) {
  Active& active = active_.at(id);
  if (--active.unanswered > 0) return;
  if (active.phase == Phase::ending) {
    active_.erase(id);
    return;
  }
  active.phase = Phase::going_on;
  if (active.ended) undo(active);
}

void ResourceFaults::read(Active& active, void (ResourceFaults::*then)(Active&, json)) {
  expect_answer(active);
  ResourceName is = named(active.order);
  world_.read(is.type, is.mesh, is.name, [this, id = active.order.id, is, then](json body) {
    if (body.is_null())
      hooks_.said(fmt::format("the control plane has no {} {}", is.type, is.name));
    else
      (this->*then)(active_.at(id), std::move(body));
    answered(id);
  });
}

void ResourceFaults::apply(Active& active, const json& body) {
  expect_answer(active);
  world_.apply(body, [this, id = active.order.id, is = resource_name(body)](std::string problem) {
    Active& of = active_.at(id);
    if (problem.empty() && of.phase == Phase::beginning && makes_policies(of.order)) of.made.push_back(is);
    if (!problem.empty()) hooks_.said(fmt::format("{} {} was refused: {}", is.type, is.name, problem));
    if (problem.empty() && must_be_refused(of.order))
      hooks_.broke(fmt::format("the control plane took {} {}, which is invalid", is.type, is.name));
    hooks_.written({.type = is.type, .name = is.name, .problem = std::move(problem)});
    answered(id);
  });
}

void ResourceFaults::remove(Active& active, const ResourceName& is) {
  expect_answer(active);
  world_.remove(is.type, is.mesh, is.name, [this, id = active.order.id, is](std::string problem) {
    if (!problem.empty()) hooks_.said(fmt::format("{} {} was not deleted: {}", is.type, is.name, problem));
    hooks_.written({.type = is.type, .name = is.name, .problem = std::move(problem), .removed = true});
    answered(id);
  });
}

void ResourceFaults::put_policies(Active& active) {
  for (const json& policy : policies_of_fault(scenario_, active.order)) apply(active, policy);
}

void ResourceFaults::save_and_delete(Active& active, json now) {
  active.saved = std::move(now);
  remove(active, named(active.order));
}

void ResourceFaults::save_and_write(Active& active, json now) {
  active.saved = now;
  for (std::int64_t i = 0; i < active.order.number("count"); ++i) {
    now["labels"]["written-by"] = fmt::format("operator-{}", i);
    apply(active, now);
  }
}

void ResourceFaults::flip(Active& active, json now) {
  const std::string& label = active.order.word("label");
  active.saved = {{"label", value_at(now.value("labels", json::object()), label)}, {"tags", json::array()}};
  for (json* tags : tags_of(now)) {
    active.saved["tags"].push_back(value_at(*tags, label));
    if (tags->contains(label)) (*tags)[label] = active.order.word("value");
  }
  now["labels"][label] = active.order.word("value");
  apply(active, now);
}

void ResourceFaults::flip_back(Active& active, json now) {
  const std::string& label = active.order.word("label");
  put(now["labels"], label, active.saved["label"]);
  std::size_t index = 0;
  for (json* tags : tags_of(now)) {
    if (index < active.saved["tags"].size()) put(*tags, label, active.saved["tags"][index]);
    ++index;
  }
  apply(active, now);
}

void ResourceFaults::roll_back(Active& active) {
  ResourceName is = named(active.order);
  if (!changed_.contains({is.type, is.mesh, is.name}))
    return hooks_.said(fmt::format("nothing has changed {} {}", is.type, is.name));
  auto first = std::ranges::find_if(scenario_.resources, [&](const ResourceText& text) {
    ResourceName other = resource_name(text.body);
    return other.type == is.type && other.name == is.name && (is.type == "Mesh" || other.mesh == is.mesh);
  });
  active.saved = true;
  if (first == scenario_.resources.end())
    remove(active, is);
  else
    apply(active, first->body);
}

void ResourceFaults::roll_forward(Active& active) {
  if (active.saved.is_null()) return;
  ResourceName is = named(active.order);
  const json& newest = changed_.at({is.type, is.mesh, is.name});
  if (newest.is_null())
    remove(active, is);
  else
    apply(active, newest);
}

}  // namespace kumasim::scenario
