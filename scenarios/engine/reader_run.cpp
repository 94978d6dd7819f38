/// Load, faults, changes and expectations.
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
    auto between = parse_rate(value["rate"].get<std::string>());
    if (!between) complain(child_path(at, "rate"), "expected a rate above 0 and at most 1000000/s");
    out.between_calls = between.value_or(std::chrono::seconds(1));
    out.poisson = value.value("law", "poisson") == "poisson";
    out.start = duration_or(value, "start", at, Duration(0));
    out.end = duration_or(value, "end", at, scenario_.duration);
    if (out.start >= out.end || out.end > scenario_.duration)
      complain(at, "start must be before end, and end within the run");
    scenario_.load.push_back(std::move(out));
  }
}

void Reader::read_fault(const json& value, const std::string& path) {
  using Kind = Fault::Kind;
  Fault out;
  auto name = value["fault"].get<std::string>();
  for (Kind kind : {Kind::kill, Kind::restart, Kind::pause, Kind::resume, Kind::partition, Kind::heal, Kind::delay}) {
    if (fault_name(kind) == name) out.kind = kind;
  }
  out.mark = document_.mark(path);
  out.at = span(value["at"], child_path(path, "at"));
  if (value.contains("for")) {
    out.lasts = span(value["for"], child_path(path, "for"));
    bool lasting =
        out.kind == Kind::kill || out.kind == Kind::pause || out.kind == Kind::partition || out.kind == Kind::delay;
    if (!lasting) complain(child_path(path, "for"), fmt::format("{} has no length", name));
  }
  if (out.at.high > scenario_.duration) complain(child_path(path, "at"), "is after the end of the run");
  auto refuse = [&](std::initializer_list<const char*> fields) {
    for (const char* field : fields) {
      if (value.contains(field)) complain(child_path(path, field), fmt::format("has no meaning for {}", name));
    }
  };
  bool process = name.starts_with("proc.");
  if (process) {
    refuse({"between", "delay", "loss"});
    if (value.contains("target") == value.contains("select"))
      complain(path, fmt::format("{} needs either `target` or `select`", name));
    if (value.contains("target")) {
      out.target = value["target"].get<std::string>();
      std::string at = child_path(path, "target");
      if (scenario_.find_service(out.target) != nullptr) {
        complain(at, fmt::format("`{}` is a service; expected one process", out.target),
                 fmt::format("use select: {{service: {}, pick: all}}", out.target));
      } else {
        known_process(out.target, at);
      }
    }
    if (value.contains("select")) {
      const json& select = value["select"];
      std::string at = child_path(path, "select");
      Selection selection;
      selection.service = select["service"].get<std::string>();
      known_service(selection.service, child_path(at, "service"));
      if (select.contains("tags")) selection.tags = select["tags"].get<Tags>();
      if (select.contains("pick")) selection.pick = select["pick"].is_string() ? 0 : select["pick"].get<std::size_t>();
      std::size_t matching = 0;
      for (const Instance& instance : scenario_.instances) {
        bool fits = instance.service == selection.service;
        for (const auto& [key, text] : selection.tags)
          fits = fits && instance.tags.contains(key) && instance.tags.at(key) == text;
        matching += fits ? 1 : 0;
      }
      if (matching < std::max<std::size_t>(selection.pick, 1)) {
        complain(at, fmt::format("{} instances fit, {} are to be picked", matching,
                                 std::max<std::size_t>(selection.pick, 1)));
      }
      out.select = std::move(selection);
    }
  } else {
    refuse({"target", "select"});
    if (out.kind != Kind::delay) refuse({"delay", "loss"});
    if (!value.contains("between")) {
      complain(path, fmt::format("{} needs `between`", name));
    } else {
      out.link = link(value, path);
      out.between = out.link.between;
      if (out.kind == Kind::delay && !out.link.delay && out.link.loss_ppm == 0)
        complain(path, "net.delay needs `delay` or `loss`");
    }
  }
  scenario_.faults.push_back(std::move(out));
}

void Reader::read_faults(const json& faults, const std::string& path) {
  std::size_t index = 0;
  for (const json& value : faults) read_fault(value, child_path(path, index++));
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

void Reader::read_expectations(const json& expectations, const std::string& path) {
  using Mode = Expectation::Mode;
  std::size_t index = 0;
  for (const json& value : expectations) {
    std::string at = child_path(path, index++);
    Expectation out;
    out.to = scenario_.duration;
    std::string text_path;
    if (value.contains("always")) {
      text_path = child_path(at, "always");
      out.text = value["always"].get<std::string>();
    } else if (value.contains("during")) {
      const json& during = value["during"];
      std::string where = child_path(at, "during");
      text_path = child_path(where, "that");
      out.mode = Mode::during;
      out.from = duration_or(during, "from", where, Duration(0));
      out.to = duration_or(during, "to", where, scenario_.duration);
      out.text = during["that"].get<std::string>();
      if (out.from >= out.to || out.to > scenario_.duration)
        complain(where, "`from` must be before `to`, and `to` within the run");
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
  known_service(that.from, path);
  known_service(that.to, path);
  bool loaded =
      std::ranges::any_of(scenario_.load, [&](const Load& l) { return l.from == that.from && l.to == that.to; });
  if (!loaded && scenario_.find_service(that.from) != nullptr && scenario_.find_service(that.to) != nullptr) {
    complain(path, fmt::format("there is no load from `{}` to `{}`, so it could never be judged", that.from, that.to),
             "add one to spec.load");
  }
}

}  // namespace kumasim::scenario
