/// Entry of the loader, and quantities, laws and names common to its parts.
#include "scenarios/engine/reader.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "kumasim/scenario/grammar.hpp"
#include "reference-cp/model/timestamp.hpp"

namespace kumasim::scenario {

void Reader::complain(const std::string& path, std::string message, std::string hint) {
  out_.push_back(document_.complain(path, std::move(message), std::move(hint)));
}

Duration Reader::duration(const json& value, const std::string& path, Duration otherwise) {
  auto parsed = parse_duration(value.get_ref<const std::string&>());
  if (!parsed) complain(path, "expected a duration of at most ten years");
  return parsed.value_or(otherwise);
}

Duration Reader::duration_or(const json& parent, const char* field, const std::string& path, Duration fallback) {
  return parent.contains(field) ? duration(parent[field], child_path(path, field)) : fallback;
}

Span Reader::span(const json& value, const std::string& path) {
  if (value.is_string()) {
    Duration fixed = duration(value, path);
    return {fixed, fixed};
  }
  Span out{duration(value[0], child_path(path, 0)), duration(value[1], child_path(path, 1))};
  if (out.low > out.high) complain(path, "the range is empty: its first end is above its second");
  return out;
}

DelayLaw Reader::delay(const json& value, const std::string& path) {
  using Law = DelayLaw::Law;
  if (!value.is_object()) {
    Span range = span(value, path);
    return {range.fixed() ? Law::constant : Law::uniform, range.low, range.high};
  }
  struct Form {
    const char* name;
    Law law;
    std::vector<std::string> fields;  // a, b, share of b
  };
  static const Form forms[] = {{"const", Law::constant, {"mean"}},
                               {"uniform", Law::uniform, {"low", "high"}},
                               {"exp", Law::exponential, {"mean"}},
                               {"lognormal", Law::lognormal, {"p50", "p99"}},
                               {"normal", Law::normal, {"mean", "deviation"}},
                               {"bimodal", Law::bimodal, {"fast", "slow", "share"}},
                               {"trace", Law::trace, {"file"}}};
  auto name = value["law"].get<std::string>();
  const Form& form = *std::ranges::find_if(forms, [&](const Form& f) { return name == f.name; });
  std::string takes = fmt::format("{}", fmt::join(form.fields, " and "));
  for (const auto& [key, item] : value.items()) {
    if (key != "law" && std::ranges::find(form.fields, key) == form.fields.end())
      complain(child_path(path, key), fmt::format("has no meaning for law `{}`", name), "it takes " + takes);
  }
  DelayLaw out{form.law, {}, {}};
  for (const std::string& field : form.fields) {
    if (value.contains(field)) continue;
    complain(path, fmt::format("law `{}` needs {}", name, takes));
    return out;
  }
  if (form.law == Law::trace) return measured(value["file"].get<std::string>(), child_path(path, "file"));
  const std::string& first = form.fields.front();
  out.a = duration(value[first], child_path(path, first));
  out.b = form.fields.size() > 1 ? duration(value[form.fields[1]], child_path(path, form.fields[1])) : out.a;
  if (form.law == Law::bimodal) out.b_ppm = parse_percent(value["share"].get<std::string>()).value_or(0);
  bool ordered = form.law == Law::uniform || form.law == Law::lognormal || form.law == Law::bimodal;
  if (ordered && out.a > out.b) complain(path, fmt::format("{} must not be above {}", first, form.fields[1]));
  return out;
}

/// One delay a line; what follows a # is a comment.
DelayLaw Reader::measured(const std::string& file, const std::string& path) {
  constexpr std::size_t delays_max = 1'000'000;
  DelayLaw out{.law = DelayLaw::Law::trace};
  std::ifstream in(std::filesystem::path(document_.file).parent_path() / file);
  bool readable = static_cast<bool>(in);
  if (!readable) complain(path, fmt::format("`{}` cannot be read", file));
  std::string line;
  for (std::size_t number = 1; std::getline(in, line); ++number) {
    line.resize(std::min(line.find('#'), line.size()));
    std::size_t begin = line.find_first_not_of(" \t\r");
    if (begin == std::string::npos) continue;
    std::string text = line.substr(begin, line.find_last_not_of(" \t\r") + 1 - begin);
    auto delay = parse_duration(text);
    if (!delay || out.measured.size() == delays_max) {
      complain(path, delay ? fmt::format("`{}` has more than {} delays", file, delays_max)
                           : fmt::format("{}:{}: expected a duration such as 12.5ms, found `{}`", file, number, text));
      break;
    }
    out.measured.push_back(*delay);
  }
  if (readable && out.measured.empty()) complain(path, fmt::format("`{}` has no delays", file));
  if (out.measured.empty()) out.measured.emplace_back();
  auto [shortest, longest] = std::ranges::minmax(out.measured);
  out.a = shortest;
  out.b = longest;
  return out;
}

Link Reader::link(const json& value, const std::string& path) {
  Link out;
  for (std::size_t i = 0; i < 2; ++i) {
    out.between[i] = value["between"][i].get<std::string>();
    known_process(out.between[i], child_path(child_path(path, "between"), i));
  }
  if (value.contains("delay")) out.delay = delay(value["delay"], child_path(path, "delay"));
  if (value.contains("loss")) out.loss_ppm = parse_percent(value["loss"].get<std::string>()).value_or(0);
  return out;
}

std::vector<std::string> Reader::service_names() const {
  std::vector<std::string> out;
  for (const Service& service : scenario_.services) out.push_back(service.name);
  return out;
}

std::vector<std::string> Reader::process_names() const {
  std::vector<std::string> out = zone_names();
  for (const ControlPlaneSpec* several : scenario_.replicated()) out.push_back(several->name);
  std::ranges::copy(scenario_.processes(), std::back_inserter(out));
  return out;
}

void Reader::known_service(const std::string& name, const std::string& path) {
  if (scenario_.find_service(name) != nullptr) return;
  std::string near = nearest(name, service_names());
  complain(path, fmt::format("there is no service `{}`; expected one of {}", name, fmt::join(service_names(), ", ")),
           near.empty() ? "" : fmt::format("did you mean `{}`?", near));
}

void Reader::known_tag(const std::string& key, const std::string& value, const std::string& path) {
  std::set<std::string> keys, values;
  for (const Instance& instance : scenario_.instances)
    for (const auto& [name, is] : instance.tags) {
      keys.insert(name);
      if (name == key) values.insert(is);
    }
  if (values.contains(value)) return;
  const std::set<std::string>& all = values.empty() ? keys : values;
  std::string near = nearest(values.empty() ? key : value, {all.begin(), all.end()});
  complain(path,
           values.empty() ? fmt::format("no instance has a tag `{}`; expected one of {}", key, fmt::join(all, ", "))
                          : fmt::format("no instance has {}={}; its values are {}", key, value, fmt::join(all, ", ")),
           near.empty() ? "" : fmt::format("did you mean `{}`?", near));
}

void Reader::known_process(const std::string& name, const std::string& path) {
  if (!scenario_.processes_of(name).empty() || scenario_.find_service(name) != nullptr) return;
  std::vector<std::string> names = process_names();
  for (const std::string& service : service_names()) names.push_back(service);
  std::string near = nearest(name, names);
  if (names.size() > 12) {
    names.resize(12);
    names.push_back("...");
  }
  complain(path, fmt::format("there is no process or service `{}`; expected one of {}", name, fmt::join(names, ", ")),
           near.empty() ? "" : fmt::format("did you mean `{}`?", near));
}

void Reader::read() {
  const json& root = document_.value;
  const json& metadata = root["metadata"];
  scenario_.file = document_.file;
  scenario_.name = metadata["name"].get<std::string>();
  scenario_.description = metadata.value("description", "");
  if (metadata.contains("tags")) scenario_.tags = metadata["tags"].get<std::vector<std::string>>();
  const json& spec = root["spec"];
  // Where it is too long, it holds whatever is said to be within the run.
  scenario_.duration = duration(spec["duration"], "spec.duration", std::chrono::years(10));
  if (scenario_.duration <= Duration(0)) complain("spec.duration", "must be above 0s");
  scenario_.setup_limit = duration_or(spec, "setup", "spec", std::chrono::seconds(60));
  if (spec.contains("start")) {
    scenario_.start = cp::parse_timestamp(spec["start"].get<std::string>());
    if (!scenario_.start) complain("spec.start", "expected a time such as 2026-01-01T00:00:00Z");
    // Certificates that are made then must end in what the clocks can tell.
    using namespace std::chrono;
    if (scenario_.start &&
        (*scenario_.start < sys_days(2000y / January / 1) || *scenario_.start > sys_days(2200y / January / 1)))
      complain("spec.start", "expected a time from 2000 to 2200");
  }
  read_topology(spec["topology"], "spec.topology");
  if (spec.contains("resources")) read_resources(spec["resources"], "spec.resources");
  if (spec.contains("overrides")) read_overrides(spec["overrides"], "spec.overrides");
  check_meshes();
  check_destinations("spec.topology");
  if (spec.contains("load")) read_load(spec["load"], "spec.load");
  check_heads();
  if (spec.contains("faults")) read_faults(spec["faults"], "spec.faults");
  check_slowing_faults("spec.faults");
  if (spec.contains("changes")) read_changes(spec["changes"], "spec.changes");
  read_expectations(spec["expect"], "spec.expect");
  if (spec.contains("swarm")) read_swarm(spec["swarm"], "spec.swarm");
  if (spec.contains("liveness")) read_liveness(spec["liveness"], "spec.liveness");
}

std::expected<Scenario, Diagnostics> load_scenario(std::string_view text, const std::string& file) {
  auto document = parse_document(text, file);
  if (!document) return std::unexpected(Diagnostics{document.error()});
  Diagnostics diagnostics;
  check(scenario_grammar(), *document, diagnostics);
  if (!diagnostics.empty()) return std::unexpected(std::move(diagnostics));
  Scenario scenario;
  Reader(*document, scenario, diagnostics).read();
  if (!diagnostics.empty()) {
    std::ranges::stable_sort(diagnostics, {}, &Diagnostic::mark);
    return std::unexpected(std::move(diagnostics));
  }
  return scenario;
}

std::expected<Scenario, Diagnostics> load_scenario_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  if (in) text << in.rdbuf();
  std::error_code unknown;
  if (in && std::filesystem::is_regular_file(path, unknown) && std::filesystem::file_size(path, unknown) == 0)
    return std::unexpected(Diagnostics{{path, {}, "", "is empty", {}}});
  if (!in || !text) return std::unexpected(Diagnostics{{path, {}, "", "cannot be read", {}}});
  return load_scenario(std::move(text).str(), path);
}

}  // namespace kumasim::scenario
