#include "kumasim/scenario/fault_reference.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "kumasim/chaos/fault_kind.hpp"
#include "kumasim/fault/catalogue.hpp"
#include "kumasim/scenario/event.hpp"
#include "reference-cp/model/yaml.hpp"

namespace kumasim::scenario {
namespace {

using fault::Kind;
using fault::Parameter;
using nlohmann::json;

std::string type_text(const Parameter& parameter) {
  using Type = Parameter::Type;
  switch (parameter.type) {
    case Type::duration: return "duration";
    case Type::offset: return "duration, also below 0";
    case Type::percent: return "percentage";
    case Type::number:
      return fmt::format("{} to {}{}{}", parameter.least, parameter.most, parameter.unit.empty() ? "" : " ",
                         parameter.unit);
    case Type::delay: return "duration or law";
    case Type::word: return fmt::format("{}", fmt::join(parameter.words, ", "));
    case Type::text: return "text";
  }
  return {};
}

/// "default 50%", "required", or nothing.
std::string default_text(const Parameter& parameter) {
  if (parameter.required) return "required";
  return parameter.fallback.empty() ? std::string() : fmt::format("default {}", parameter.fallback);
}

std::string strikes_text(const Kind& kind) {
  switch (kind.whom) {
    case fault::Whom::processes: return "processes";
    case fault::Whom::ways: return "what processes send each other";
    case fault::Whom::resources: return "resources";
    case fault::Whom::loads: return "load";
  }
  return {};
}

std::string worlds_text(const Kind& kind) {
  if (kind.not_sim.empty() && kind.not_live.empty()) return "sim, live";
  return kind.not_sim.empty() ? fmt::format("sim; not live: {}", kind.not_live)
                              : fmt::format("live; not sim: {}", kind.not_sim);
}

std::string end_text(const Kind& kind) {
  if (!kind.heals.empty()) return fmt::format("ends {}", kind.heals);
  return kind.lasting ? std::string(kind.end) : "it is over at once";
}

/// Whether seeds of `kumasim explore` draw it.
std::string drawn_text(const Kind& kind) {
  const chaos::FaultKind* drawn = chaos::find_fault_kind(kind.name);
  if (drawn == nullptr) return "no";
  return drawn->recoverable ? "yes" : "with budget: none";
}

/// In a cell of a table a bar would end it.
std::string cell(std::string text) {
  for (std::size_t at = 0; (at = text.find('|', at)) != std::string::npos; at += 2) text.replace(at, 1, "\\|");
  return text;
}

}  // namespace

json fault_reference_json() {
  json faults = json::array(), events = json::array();
  for (const Kind& kind : fault::kinds()) {
    json parameters = json::array();
    for (const Parameter& parameter : kind.parameters) {
      json item{{"name", parameter.name}, {"type", type_text(parameter)}, {"text", parameter.text}};
      if (!parameter.unit.empty()) item["unit"] = parameter.unit;
      if (!parameter.fallback.empty()) item["default"] = parameter.fallback;
      if (parameter.required) item["required"] = true;
      item["example"] = parameter.example;
      parameters.push_back(std::move(item));
    }
    json worlds{{"sim", kind.not_sim.empty() ? json(true) : json(kind.not_sim)},
                {"live", kind.not_live.empty() ? json(true) : json(kind.not_live)}};
    faults.push_back({{"name", kind.name},
                      {"text", kind.text},
                      {"strikes", strikes_text(kind)},
                      {"lasts", kind.lasting},
                      {"end", end_text(kind)},
                      {"worlds", std::move(worlds)},
                      {"drawn", drawn_text(kind)},
                      {"parameters", std::move(parameters)}});
  }
  for (const EventKind& event : event_kinds())
    events.push_back({{"name", event.name}, {"text", event.text}, {"fields", event.fields}});
  return {{"faults", std::move(faults)}, {"events", std::move(events)}};
}

std::string fault_reference_yaml() { return cp::print_yaml(fault_reference_json()); }

std::string fault_reference_text() {
  std::string out;
  for (const Kind& kind : fault::kinds()) {
    out += fmt::format("{:<16} {}\n", kind.name, kind.text);
    for (const Parameter& parameter : kind.parameters) {
      std::string otherwise = default_text(parameter);
      out += fmt::format("{:<16}   {}: {} ({}{}{})\n", "", parameter.name, parameter.text, type_text(parameter),
                         otherwise.empty() ? "" : "; ", otherwise);
    }
    out += fmt::format("{:<16}   end: {}; works in: {}; drawn by explore: {}\n", "", end_text(kind), worlds_text(kind),
                       drawn_text(kind));
  }
  out += "\nEvents that `when` can wait for\n";
  for (const EventKind& event : event_kinds())
    out += fmt::format("{:<16} {} ({})\n", event.name, event.text, fmt::join(event.fields, ", "));
  return out;
}

std::string fault_reference_markdown() {
  std::string out =
      "# Faults\n\n`kumasim faults --output markdown` prints this page; the same table gives the loader and the "
      "JSON Schema their fields. `drawn`: by seeds of `kumasim explore`.\n\n"
      "| fault | what it does | parameters | end | worlds | drawn |\n|---|---|---|---|---|---|\n";
  for (const Kind& kind : fault::kinds()) {
    std::vector<std::string> parameters;
    for (const Parameter& parameter : kind.parameters) {
      std::string otherwise = default_text(parameter);
      parameters.push_back(fmt::format("`{}`: {} ({}{}{})", parameter.name, parameter.text, type_text(parameter),
                                       otherwise.empty() ? "" : "; ", otherwise));
    }
    out += fmt::format("| `{}` | {} | {} | {} | {} | {} |\n", kind.name, cell(std::string(kind.text)),
                       cell(fmt::format("{}", fmt::join(parameters, "<br>"))), end_text(kind), worlds_text(kind),
                       drawn_text(kind));
  }
  out += "\n## Events\n\n| event | what happened | fields |\n|---|---|---|\n";
  for (const EventKind& event : event_kinds())
    out += fmt::format("| `{}` | {} | {} |\n", event.name, event.text, fmt::join(event.fields, ", "));
  return out;
}

}  // namespace kumasim::scenario
