/// Faults, as the catalogue has them.
#include <algorithm>
#include <set>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "kumasim/scenario/event.hpp"
#include "scenarios/engine/fault_value.hpp"
#include "scenarios/engine/reader.hpp"

namespace kumasim::scenario {

void Reader::read_faults(const json& faults, const std::string& path) {
  std::size_t index = 0;
  for (const json& value : faults) read_fault(value, child_path(path, index++));
}

void Reader::read_fault(const json& value, const std::string& path) {
  Fault out;
  out.kind = fault::find_kind(value["fault"].get<std::string>());
  out.mark = document_.mark(path);
  read_fault_time(out, value, path);
  read_parameters(out, value, path);
  read_whom(out, value, path);
  check_disk(out, path);
  check_names(out, path);
  scenario_.faults.push_back(std::move(out));
}

void Reader::read_fault_time(Fault& out, const json& value, const std::string& path) {
  std::string_view name = out.kind->name;
  if (value.contains("at") == value.contains("when"))
    complain(path, fmt::format("{} needs either `at` or `when`", name));
  if (value.contains("at")) {
    out.at = span(value["at"], child_path(path, "at"));
    if (out.at.high > scenario_.duration) complain(child_path(path, "at"), "is after the end of the run");
  }
  if (value.contains("when")) {
    out.when.emplace();
    read_trigger(*out.when, value["when"], child_path(path, "when"));
  }
  if (value.contains("for")) {
    out.lasts = span(value["for"], child_path(path, "for"));
    if (!out.kind->lasting) complain(child_path(path, "for"), fmt::format("{} has no length", name));
  } else if (!out.kind->made_of.empty()) {
    complain(path, fmt::format("{} needs `for`: its length", name));
  }
  if (!value.contains("every")) return;
  out.every = span(value["every"], child_path(path, "every"));
  if (out.when) complain(child_path(path, "every"), "has no meaning beside `when`", "use when: {occurrence: all}");
  if (out.every->low < std::chrono::milliseconds(1)) complain(child_path(path, "every"), "must be at least 1ms");
  if (out.lasts && out.every->low < out.lasts->high)
    complain(child_path(path, "every"), "must be at least as long as `for`");
}

void Reader::read_trigger(Trigger& out, const json& value, const std::string& path) {
  out.event = value["event"].get<std::string>();
  const EventKind& kind = *find_event_kind(out.event);
  if (value.contains("where")) out.where = value["where"].get<Tags>();
  for (const auto& [field, text] : out.where) {
    if (std::ranges::find(kind.fields, field) != kind.fields.end()) continue;
    complain(child_path(child_path(path, "where"), field),
             fmt::format("{} has no such field; it has {}", out.event, fmt::join(kind.fields, ", ")));
  }
  std::string where = child_path(path, "where");
  if (out.where.contains("process")) known_process(out.where["process"], child_path(where, "process"));
  if (out.where.contains("service")) known_service(out.where["service"], child_path(where, "service"));
  if (out.where.contains("fault") && fault::find_kind(out.where["fault"]) == nullptr)
    complain(child_path(where, "fault"), fmt::format("there is no fault `{}`", out.where["fault"]));
  if (value.contains("occurrence"))
    out.occurrence = value["occurrence"].is_string() ? 0 : value["occurrence"].get<std::size_t>();
  if (value.contains("after")) out.after = span(value["after"], child_path(path, "after"));
}

/// A kind that strikes ways takes `between` too, and one with a shape nothing at all.
void Reader::read_whom(Fault& out, const json& value, const std::string& path) {
  std::string_view name = out.kind->name;
  bool ways = out.kind->whom == fault::Whom::ways;
  bool named = out.kind->whom == fault::Whom::resources || out.kind->whom == fault::Whom::loads;
  bool pairs = ways && name != "net.swizzle";
  auto shape = out.values.find("shape");
  bool shaped = shape != out.values.end() && shape->second.word != "isolate";
  auto refuse = [&](const char* field, const std::string& of) {
    if (value.contains(field)) complain(child_path(path, field), fmt::format("has no meaning for {}", of));
  };
  if (!pairs) refuse("between", std::string(name));
  if (named) {
    refuse("target", std::string(name));
    refuse("select", std::string(name));
    return;
  }
  if (shaped) {
    refuse("between", fmt::format("shape `{}`", shape->second.word));
    refuse("target", fmt::format("shape `{}`", shape->second.word));
  }
  int chosen =
      (value.contains("target") ? 1 : 0) + (value.contains("select") ? 1 : 0) + (value.contains("between") ? 1 : 0);
  if (chosen > 1 || (chosen == 0 && !shaped)) {
    complain(path, fmt::format("{} needs either {}`target` or `select`", name, pairs ? "`between`, " : ""));
    return;
  }
  if (value.contains("between")) {
    for (std::size_t i = 0; i < 2; ++i) {
      out.between[i] = value["between"][i].get<std::string>();
      known_process(out.between[i], child_path(child_path(path, "between"), i));
    }
  }
  if (value.contains("select")) read_selection(out.select.emplace(), value["select"], child_path(path, "select"));
  if (shaped && out.select && !value["select"].contains("pick")) out.select->pick = 0;
  if (shaped) check_shape(out, path);
  if (value.contains("between")) check_pairs(out, child_path(path, "between"));
  if (!value.contains("target")) return;
  out.target = value["target"].get<std::string>();
  std::string at = child_path(path, "target");
  if (out.target == Fault::of_event) {
    const EventKind* event = out.when ? find_event_kind(out.when->event) : nullptr;
    if (event == nullptr || std::ranges::find(event->fields, "process") == event->fields.end())
      complain(at, "there is no event here that is about a process");
  } else if (scenario_.find_service(out.target) != nullptr) {
    complain(at, fmt::format("`{}` is a service; expected one process", out.target),
             fmt::format("use select: {{service: {}, pick: all}}", out.target));
  } else if (const ControlPlaneSpec* several = scenario_.find_replicated(out.target);
             several != nullptr &&
             (out.kind->applications || out.kind->proxies || out.kind->find_parameter("set") != nullptr)) {
    complain(at, fmt::format("`{}` is several processes; expected one of them", out.target),
             fmt::format("they are {}", fmt::join(several->replicas, ", ")));
  } else if (scenario_.is_place(out.target) &&
             (out.kind->applications || out.kind->proxies || out.kind->find_parameter("set") != nullptr)) {
    complain(at, fmt::format("`{}` is all that is in a zone; expected one process", out.target),
             fmt::format("use select: {{zone: {}, pick: all}}", out.target));
  } else if (out.kind->applications && scenario_.is_control_plane(out.target)) {
    complain(at, "is the control plane, which has no application");
  } else if ((out.kind->applications || out.kind->proxies) && scenario_.is_store(out.target)) {
    complain(at, "is a store, which has no application and no proxy");
  } else if (out.kind->applications && scenario_.is_zone_proxy(out.target)) {
    complain(at, "is a zone proxy, which has no application");
  } else if (out.kind->proxies && scenario_.is_control_plane(out.target)) {
    complain(at, "is the control plane, and no proxy");
  } else {
    known_process(out.target, at);
  }
}

/// Both sides of a partition need somebody.
void Reader::check_shape(const Fault& fault, const std::string& path) {
  const std::string& shape = fault.values.find("shape")->second.word;
  std::set<std::string> zones;
  std::size_t among = 0;
  for (const std::string& process : scenario_.processes()) {
    const Instance* instance = scenario_.find_instance(process);
    if (fault.select && (instance == nullptr || !fault.select->takes(*instance))) continue;
    ++among;
    zones.insert(scenario_.zone_of(process));
  }
  zones.erase("");
  if (fault.select && fault.select->pick > 0) among = std::min(among, fault.select->pick);
  std::string at = child_path(path, "shape");
  std::size_t least = shape == "minority" || shape == "bridge" ? 3 : 2;
  if (among < least)
    complain(at, fmt::format("`{}` needs {} processes or more; {} fit", shape, least, among));
  else if (shape == "byZone" && zones.size() < 2)
    complain(at, fmt::format("`byZone` needs two zones or more; the processes are of {}", zones.size()));
}

void Reader::check_pairs(const Fault& fault, const std::string& path) {
  std::vector<std::string> one = scenario_.processes_of(fault.between[0]);
  std::vector<std::string> other = scenario_.processes_of(fault.between[1]);
  // Names that nobody has are complained of elsewhere.
  if (one.size() == 1 && one == other)
    return complain(path, fmt::format("both sides are `{}`, which has no link to itself", one[0]));
  // A service may be cut apart by itself; of a place and what is in it nobody can say which side is meant.
  if (!scenario_.is_place(fault.between[0]) && !scenario_.is_place(fault.between[1])) return;
  auto both = std::ranges::find_first_of(one, other);
  if (both != one.end()) complain(path, fmt::format("`{}` is on both sides", *both));
}

/// Simulated proxies and applications keep nothing on a disk.
void Reader::check_disk(const Fault& fault, const std::string& path) {
  std::string_view kind = fault.kind->name;
  auto disk = fault.values.find("disk");
  bool loses = disk != fault.values.end() && disk->second.word != fault.kind->find_parameter("disk")->fallback;
  if (!kind.starts_with("disk.") && kind != "proc.wipe" && !loses) return;
  std::string whom = fault.target;
  if (whom == Fault::of_event && fault.when) {
    auto process = fault.when->where.find("process");
    whom = process == fault.when->where.end() ? std::string() : process->second;
  }
  if (scenario_.is_control_plane(whom) || scenario_.is_store(whom)) return;
  complain(child_path(path, loses ? "disk" : "fault"),
           fmt::format("{} changes nothing of instances, which have no disk",
                       loses ? fmt::format("`{}` of {}", disk->second.word, kind) : std::string(kind)),
           fmt::format("strike the control plane: target: {}", scenario_.control_planes().front()));
}

/// A pattern is planned as so many single faults.
void Reader::check_parts(const Fault& fault, const std::string& path) {
  constexpr std::int64_t parts_max = 10'000;
  const fault::Parameter* recurs = fault.kind->made_of.empty() ? nullptr : fault.kind->find_parameter("period");
  if (recurs == nullptr || !fault.lasts) return;
  auto said = fault.values.find("period");
  Duration period(said == fault.values.end() ? fallback_of(*recurs).low : said->second.low);
  if (period <= Duration(0)) return;  // is complained of elsewhere
  std::int64_t parts = std::min(fault.lasts->high, scenario_.duration) / period;
  if (parts > parts_max)
    complain(child_path(path, "for"),
             fmt::format("{} times {} are more than {}, which is all that one fault may come to; lengthen `period`",
                         parts, fault.kind->made_of, parts_max));
}

void Reader::read_selection(Selection& out, const json& select, const std::string& path) {
  out.service = select.value("service", "");
  if (!out.service.empty()) known_service(out.service, child_path(path, "service"));
  out.zone = select.value("zone", "");
  if (select.contains("tags")) out.tags = select["tags"].get<Tags>();
  if (select.contains("pick")) out.pick = select["pick"].is_string() ? 0 : select["pick"].get<std::size_t>();
  auto matching = static_cast<std::size_t>(
      std::ranges::count_if(scenario_.instances, [&](const Instance& instance) { return out.takes(instance); }));
  std::size_t wanted = std::max<std::size_t>(out.pick, 1);
  if (matching < wanted) complain(path, fmt::format("{} instances fit, {} are to be picked", matching, wanted));
}

void Reader::read_parameters(Fault& out, const json& value, const std::string& path) {
  static const std::vector<std::string> common{"fault", "at", "when", "every", "for", "target", "select", "between"};
  std::vector<std::string_view> names;
  for (const fault::Parameter& parameter : out.kind->parameters) names.push_back(parameter.name);
  for (const auto& [key, item] : value.items()) {
    if (std::ranges::find(common, key) != common.end()) continue;
    std::string at = child_path(path, key);
    const fault::Parameter* parameter = out.kind->find_parameter(key);
    if (parameter == nullptr) {
      complain(at, fmt::format("has no meaning for {}", out.kind->name),
               names.empty() ? "it has no parameters" : fmt::format("its parameters are {}", fmt::join(names, ", ")));
      continue;
    }
    out.values.emplace(key, fault_value(*parameter, item, at));
  }
  for (const fault::Parameter& parameter : out.kind->parameters) {
    if (parameter.required && !value.contains(parameter.name))
      complain(path, fmt::format("{} needs `{}`: {}", out.kind->name, parameter.name, parameter.text));
  }
  if (out.kind->name == "net.delay" && !out.values.contains("delay") && !out.values.contains("loss"))
    complain(path, "net.delay needs `delay` or `loss`");
  if (!out.kind->made_of.empty() && out.values.contains("period") &&
      out.values.find("period")->second.low < Duration(std::chrono::milliseconds(10)).count())
    complain(child_path(path, "period"), "must be at least 10ms");
  check_parts(out, path);
}

FaultValue Reader::fault_value(const fault::Parameter& parameter, const json& value, const std::string& path) {
  using Type = fault::Parameter::Type;
  FaultValue out;
  // Another kind may have a parameter of this name and of another shape.
  if (parameter.type == Type::delay && (value.is_string() || value.is_object() || value.is_array())) {
    out.law = delay(value, path);
  } else if (parameter.type == Type::word || parameter.type == Type::text) {
    out.word = value.is_string() ? value.get<std::string>() : value.dump();
    if (parameter.type == Type::word && std::ranges::find(parameter.words, out.word) == parameter.words.end())
      complain(path, fmt::format("expected one of {}, found `{}`", fmt::join(parameter.words, ", "), out.word));
  } else {
    auto read = [&](const json& item, const std::string& at) {
      auto number = parse_fault_number(parameter, item);
      if (!number) complain(at, number.error());
      return number.value_or(0);
    };
    out.low = value.is_array() ? read(value[0], child_path(path, 0)) : read(value, path);
    out.high = value.is_array() ? read(value[1], child_path(path, 1)) : out.low;
    if (out.low > out.high) complain(path, "the range is empty: its first end is above its second");
  }
  return out;
}

}  // namespace kumasim::scenario
