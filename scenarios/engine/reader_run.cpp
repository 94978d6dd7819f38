/// Load, changes and expectations.
#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "reference-cp/model/codec.hpp"
#include "reference-cp/model/kinds.hpp"
#include "scenarios/engine/reader.hpp"

namespace kumasim::scenario {

void Reader::read_load(const json& load, const std::string& path) {
  std::size_t index = 0;
  for (const json& value : load) {
    std::string at = child_path(path, index++);
    Load out;
    out.from = value["from"].get<std::string>();
    out.to = value["to"].get<std::string>();
    known_service(out.from, child_path(at, "from"));
    known_service(out.to, child_path(at, "to"));
    if (const Service* from = scenario_.find_service(out.from)) {
      auto call = std::ranges::find(from->calls, out.to, &Outbound::to);
      if (call != from->calls.end())
        out.path = call->path;
      else
        complain(child_path(at, "to"), fmt::format("`{}` has no outbound to `{}`", out.from, out.to),
                 "add it to the service's `calls`");
    }
    out.path = value.value("path", out.path);
    if (out.path.empty() || out.path[0] != '/') complain(child_path(at, "path"), "a path begins with /");
    out.head = read_head(value, out.to, at);
    if (value.contains("rate") == value.contains("users")) complain(at, "a load needs either `rate` or `users`");
    if (value.contains("users") && value.contains("law"))
      complain(child_path(at, "law"), "has no meaning for a load with `users`");
    auto between = parse_rate(value.value("rate", "1/s"));
    if (!between) complain(child_path(at, "rate"), "expected a rate above 0 and at most 1000000/s");
    out.between_calls = between.value_or(std::chrono::seconds(1));
    out.poisson = value.value("law", "poisson") == "poisson";
    out.users = value.value("users", std::uint32_t{0});
    if (value.contains("think")) {
      if (out.users == 0) complain(child_path(at, "think"), "has no meaning for a load with `rate`");
      out.think = delay(value["think"], child_path(at, "think"));
    }
    out.timeout = duration_or(value, "timeout", at, out.timeout);
    check_timeout(out.timeout, child_path(at, "timeout"));
    if (value.contains("retries")) out.retries = read_retries(value["retries"], child_path(at, "retries"));
    out.start = duration_or(value, "start", at, Duration(0));
    out.end = duration_or(value, "end", at, scenario_.duration);
    if (out.start >= out.end || out.end > scenario_.duration)
      complain(at, "start must be before end, and end within the run");
    scenario_.load.push_back(std::move(out));
  }
}

void Reader::known_mesh(const std::string& mesh, const std::string& path) {
  std::set<std::string> meshes = mesh_names();
  for (const Change& change : scenario_.changes) {
    if (change.apply.is_null()) continue;
    ResourceName is = resource_name(change.apply);
    if (is.type == "Mesh") meshes.insert(is.name);  // an earlier change makes it
  }
  if (!meshes.contains(mesh))
    complain(child_path(path, "mesh"), fmt::format("there is no mesh `{}`", mesh), mesh_hint(mesh));
}

void Reader::read_changes(const json& changes, const std::string& path) {
  std::size_t index = 0;
  for (const json& value : changes) {
    std::string at = child_path(path, index++);
    Change out;
    out.mark = document_.mark(at);
    out.at = span(value["at"], child_path(at, "at"));
    if (out.at.high > scenario_.duration) complain(child_path(at, "at"), "is after the end of the run");
    out.zone = zone_at(value, at);
    if (value.contains("apply") == value.contains("delete")) complain(at, "a change needs either `apply` or `delete`");
    if (value.contains("apply")) {
      out.apply = value["apply"];
      if (auto resource = cp::resource_from_json(out.apply); !resource) {
        std::string field = resource.error().field;
        complain(child_path(at, "apply") + (field.empty() ? "" : "." + field), resource.error().message);
      }
      ResourceName is = resource_name(out.apply);
      if (!is.mesh.empty() && is.type != "Mesh") known_mesh(is.mesh, child_path(at, "apply"));
    }
    if (value.contains("delete")) {
      out.delete_type = value["delete"]["type"].get<std::string>();
      out.delete_mesh = value["delete"].value("mesh", "default");
      out.delete_name = value["delete"]["name"].get<std::string>();
      known_mesh(out.delete_mesh, child_path(at, "delete"));
    }
    scenario_.changes.push_back(std::move(out));
  }
}

void Reader::read_window(const json& value, const std::string& path, Expectation& out) {
  out.from = duration_or(value, "from", path, Duration(0));
  out.to = duration_or(value, "to", path, scenario_.duration);
  out.text = value["that"].get<std::string>();
  if (out.from >= out.to || out.to > scenario_.duration)
    complain(path, "`from` must be before `to`, and `to` within the run");
}

/// A part of the runs, in parts of a million: all of them can be shown by no number of runs.
std::int64_t Reader::part_or(const json& value, const char* field, const std::string& path, std::int64_t fallback) {
  if (!value.contains(field)) return fallback;
  std::int64_t out = parse_percent(value[field].get<std::string>()).value_or(0);
  if (out <= 0 || out >= 1'000'000)
    complain(child_path(path, field), "must be more than 0% and less than 100%",
             "use `always` for what every run must show");
  return out;
}

void Reader::read_expectations(const json& expectations, const std::string& path) {
  using Mode = Expectation::Mode;
  std::size_t index = 0;
  for (const json& value : expectations) {
    std::string at = child_path(path, index++);
    Expectation out;
    out.to = scenario_.duration;
    std::string text_path;
    if (value.contains("sometimes")) {
      text_path = child_path(at, "sometimes");
      out.mode = Mode::sometimes;
      out.text = value["sometimes"].get<std::string>();
    } else if (value.contains("always")) {
      text_path = child_path(at, "always");
      out.text = value["always"].get<std::string>();
    } else if (value.contains("during")) {
      const json& during = value["during"];
      std::string where = child_path(at, "during");
      text_path = child_path(where, "that");
      out.mode = Mode::during;
      read_window(during, where, out);
    } else if (value.contains("usually")) {
      const json& usually = value["usually"];
      std::string where = child_path(at, "usually");
      text_path = child_path(where, "that");
      out.mode = Mode::usually;
      out.share = part_or(usually, "share", where, 990'000);
      out.confidence = part_or(usually, "confidence", where, 950'000);
      read_window(usually, where, out);
    } else {
      const json& eventually = value["eventually"];
      std::string where = child_path(at, "eventually");
      text_path = child_path(where, "that");
      out.mode = Mode::eventually;
      out.from = duration_or(eventually, "after", where, Duration(0));
      out.to = out.from + duration(eventually["within"], child_path(where, "within"));
      out.text = eventually["that"].get<std::string>();
      if (out.to > scenario_.duration) complain(where, "the window ends after the run");
    }
    out.mark = document_.mark(text_path);
    auto parsed = parse_predicate(out.text);
    if (!parsed) {
      complain(text_path, parsed.error().message, parsed.error().hint);
      continue;
    }
    out.that = *parsed;
    check_predicate(out, text_path);
    scenario_.expectations.push_back(std::move(out));
  }
}

/// The short form takes its kind from the only resource of that name.
void Reader::find_policy(Predicate& that, const std::string& path) {
  std::set<std::string> kinds, kinds_and_names, meshes;
  auto see = [&](const nlohmann::json& body) {
    ResourceName is = resource_name(body);
    kinds_and_names.insert(is.type + "/" + is.name);
    if (is.name != that.name || (!that.type.empty() && is.type != that.type)) return;
    kinds.insert(is.type);
    meshes.insert(is.mesh);
  };
  for (const ResourceText& resource : scenario_.resources) see(resource.body);
  for (const Change& change : scenario_.changes) {
    if (!change.apply.is_null()) see(change.apply);
  }
  std::string wanted = that.type.empty() ? that.name : that.type + "/" + that.name;
  if (kinds.empty()) {
    std::string near = nearest(wanted, {kinds_and_names.begin(), kinds_and_names.end()});
    complain(path, fmt::format("no resource `{}` is applied by this scenario", wanted),
             near.empty() ? "" : fmt::format("did you mean `{}`?", near));
  } else if (kinds.size() > 1) {
    complain(path, fmt::format("`{}` is the name of a {}", that.name, fmt::join(kinds, " and of a ")),
             fmt::format("say which: policy-applied({}/{})", *kinds.begin(), that.name));
  } else if (meshes.size() > 1) {
    complain(path, fmt::format("`{}` is in several meshes: {}", wanted, fmt::join(meshes, ", ")),
             "give them different names");
  } else {
    that.type = *kinds.begin();
    const cp::Kind* kind = cp::find_kind(that.type);
    if (kind != nullptr && !kind->is_policy() && that.type != "Mesh")
      complain(path, fmt::format("{} is no kind of policy, so no proxy has it applied", that.type),
               "name a policy or a Mesh");
  }
}

void Reader::check_predicate(Expectation& expectation, const std::string& path) {
  using Kind = Predicate::Kind;
  Predicate& that = expectation.that;
  if (that.kind == Kind::certificate_rotated) known_service(that.name, path);
  if (that.kind == Kind::policy_applied) find_policy(that, path);
  if (that.from.empty()) return;
  if (!that.from_zone.empty()) {
    bool there = std::ranges::any_of(scenario_.instances, [&](const Instance& instance) {
      return instance.service == that.from && scenario_.zone_of(instance.process) == that.from_zone;
    });
    if (!there) complain(path, fmt::format("`{}` has no instance in a zone `{}`", that.from, that.from_zone));
  }
  known_service(that.from, path);
  known_service(that.to, path);
  auto flows = scenario_.flows();
  bool loaded = std::ranges::find(flows, std::pair(that.from, that.to)) != flows.end();
  if (!loaded && scenario_.find_service(that.from) != nullptr && scenario_.find_service(that.to) != nullptr) {
    complain(path, fmt::format("there is no load from `{}` to `{}`, so it could never be judged", that.from, that.to),
             "add one to spec.load, or a call to the caller's script");
  }
  if (that.kind == Kind::share) known_tag(that.tag_key, that.tag_value, path);
}

}  // namespace kumasim::scenario
