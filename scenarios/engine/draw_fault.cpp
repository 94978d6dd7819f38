#include "scenarios/engine/draw_fault.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "kumasim/sim/hash.hpp"
#include "scenarios/engine/draw_sides.hpp"
#include "scenarios/engine/fault_value.hpp"

namespace kumasim::scenario {
namespace {

/// The catalogue's line with its "{}" filled in.
std::string phrase(std::string_view line, const std::string& whom) {
  std::size_t gap = line.find("{}");
  return std::string(line.substr(0, gap)) + whom + std::string(line.substr(gap + 2));
}

class Drawing {
 public:
  Drawing(const Scenario& scenario, std::size_t index, const Occasion& occasion, Random& random)
      : scenario_(scenario), fault_(scenario.faults[index]), occasion_(occasion), random_(random) {
    order_.id = (static_cast<std::uint64_t>(index) + 1) << 48 | occasion.turn << 20;
    order_.kind = fault_.kind;
  }

  std::vector<Action> actions() {
    // Lengths first, then whom, then values: one more choice does not move those before it.
    if (fault_.lasts) lasts_ = draw(*fault_.lasts, random_);
    whom();
    values();
    name_whom();
    ways();
    if (nobody()) return {};
    std::string_view kind = fault_.kind->name;
    if (kind == "net.swizzle")
      swizzle();
    else if (kind == "net.flap")
      again_and_again(Duration(0), part_of(order_.duration("period"), order_.number("down")));
    else if (kind == "proc.limit")
      limit();
    else if (kind == "kds.splitGlobal")
      add(part(), occasion_.at, lasts_, kind);
    else if (kind == "ops.drainZone" || kind == "ops.upgradeSkew")
      one_by_one();
    else
      add(order_, occasion_.at, lasts_, "");
    std::ranges::stable_sort(out_, {}, &Action::at);
    return std::move(out_);
  }

 private:
  bool stands_for_several() const {
    return scenario_.is_place(fault_.target) || scenario_.find_replicated(fault_.target) != nullptr;
  }

  void whom() {
    if (fault_.select && !shaped())
      order_.processes = choose(scenario_, *fault_.select, random_);
    else if (fault_.target == Fault::of_event && !occasion_.process.empty())
      order_.processes = {occasion_.process};
    else if (!fault_.target.empty() && fault_.target != Fault::of_event)
      order_.processes = stands_for_several() ? scenario_.processes_of(fault_.target) : Names{fault_.target};
  }

  void values() {
    for (const fault::Parameter& parameter : fault_.kind->parameters) {
      auto said = fault_.values.find(parameter.name);
      if (said == fault_.values.end()) {
        if (!parameter.fallback.empty()) order_.values.emplace(parameter.name, fallback_of(parameter));
        continue;
      }
      FaultValue drawn = draw(parameter, said->second, random_);
      if (!names_whom(parameter))
        said_ += fmt::format("{}{} {}", said_.empty() ? "" : ", ", parameter.name, text_of(parameter, drawn));
      order_.values.emplace(parameter.name, std::move(drawn));
    }
  }

  bool shaped() const {
    auto said = fault_.values.find("shape");
    return said != fault_.values.end() && said->second.word != "isolate";
  }

  /// What is struck is named by parameters.
  bool names_whom(const fault::Parameter& parameter) const {
    static constexpr std::string_view names[] = {"kind", "name", "mesh", "from", "to"};
    bool named = fault_.kind->whom == fault::Whom::resources || fault_.kind->whom == fault::Whom::loads;
    return named && std::ranges::find(names, parameter.name) != std::end(names);
  }

  bool nobody() const {
    if (fault_.kind->whom == fault::Whom::ways) return order_.ways.empty();
    return fault_.kind->whom == fault::Whom::processes && order_.processes.empty();
  }

  void name_whom() {
    auto said = [&](std::string_view name) { return order_.has(name) ? order_.word(name) : std::string(); };
    if (fault_.kind->whom == fault::Whom::resources) {
      whom_ = order_.has("kind") ? said("kind") + " " + said("name") : "the mesh " + said("mesh");
    } else if (fault_.kind->whom == fault::Whom::loads) {
      std::string from = said("from"), to = said("to");
      bool all = from.empty() && to.empty();
      whom_ = all ? "all calls" : fmt::format("{} -> {}", from.empty() ? "all" : from, to.empty() ? "all" : to);
    } else {
      whom_ = stands_for_several() ? "all of " + fault_.target : fmt::format("{}", fmt::join(order_.processes, ", "));
    }
  }

  void ways() {
    if (fault_.kind->whom != fault::Whom::ways) return;
    if (fault_.kind->name == "kds.splitGlobal") {
      whom_ = split_global(order_, scenario_, random_);
    } else if (shaped()) {
      whom_ = shape(order_, scenario_,
                    fault_.select ? choose_for_shape(scenario_, *fault_.select, order_.word("shape"), random_)
                                  : scenario_.processes(),
                    random_);
    } else if (!fault_.between[0].empty()) {
      whom_ = fmt::format("{} and {}", fault_.between[0], fault_.between[1]);
      split(order_, scenario_.processes_of(fault_.between[0]), scenario_.processes_of(fault_.between[1]));
    } else if (stands_for_several()) {
      Names others = scenario_.processes();
      std::erase_if(others, [&](const std::string& process) {
        return std::ranges::find(order_.processes, process) != order_.processes.end();
      });
      split(order_, order_.processes, others);
      whom_ += " and all others";
    } else {
      isolate(order_, scenario_.processes());
      whom_ += " and all others";
    }
    deduplicate(order_.ways);
  }

  /// One beginning and, where it lasts, one end. `because` names the pattern that it is a part of.
  void add(FaultOrder order, Duration at, std::optional<Duration> lasts, std::string_view because) {
    const fault::Kind& kind = *order.kind;
    if (scenario_.liveness) {  // which heals all
      Duration rest = scenario_.liveness->after - at;
      if (rest < Duration(0)) return;
      if (kind.lasting) lasts = std::min(lasts.value_or(rest), rest);
    }
    Action action;
    action.at = at;
    action.order = std::move(order);
    action.order.id += ++parts_;
    action.text = phrase(kind.begins, whom_);
    if (!because.empty())
      action.text += fmt::format(" ({})", because);
    else if (!said_.empty())
      action.text += fmt::format(" ({})", said_);
    action.recovery = !kind.heals.empty();
    action.fault = !action.recovery;
    out_.push_back(action);
    if (!lasts) return;
    action.at += *lasts;
    action.kind = Action::Kind::end;
    action.text = phrase(kind.ends, whom_);
    action.fault = false;
    action.recovery = true;
    out_.push_back(std::move(action));
  }

  /// REQUIRES: it has a length; the loader sees to it.
  FaultOrder part() const {
    FaultOrder out = order_;
    out.kind = fault::find_kind(fault_.kind->made_of);
    return out;
  }

  void swizzle() {
    Names chosen = order_.processes;
    Names released = pick(chosen, chosen.size(), random_);
    auto count = static_cast<std::int64_t>(chosen.size());
    Duration half = *lasts_ / 2;
    for (std::int64_t i = 0; i < count; ++i) {
      const std::string& process = chosen[static_cast<std::size_t>(i)];
      FaultOrder one = part();
      one.processes = {process};
      one.ways.clear();
      isolate(one, scenario_.processes());
      whom_ = process + " and all others";
      Duration begin = half * i / count;
      Duration end = half + half * (std::ranges::find(released, process) - released.begin() + 1) / count;
      add(std::move(one), occasion_.at + begin, end - begin, fault_.kind->name);
    }
  }

  static Duration part_of(Duration period, std::int64_t ppm) { return period / 1'000'000 * ppm; }

  /// In each period once, so long after its beginning.
  void again_and_again(Duration after, Duration length) {
    Duration period = order_.duration("period");
    Duration end = std::min(*lasts_, scenario_.duration - occasion_.at);
    for (Duration at = after; at < end; at += period)
      add(part(), occasion_.at + at, std::min(length, *lasts_ - at), fault_.kind->name);
  }

  void limit() {
    Duration period = order_.duration("period");
    Duration runs = part_of(period, order_.number("quota"));
    if (runs < period) again_and_again(runs, period - runs);
  }

  /// All end together.
  void one_by_one() {
    Duration gap = order_.duration("gap");
    Duration at{};
    for (const std::string& process : order_.processes) {
      if (at >= *lasts_) break;
      FaultOrder one = part();
      one.processes = {process};
      whom_ = process;
      add(std::move(one), occasion_.at + at, *lasts_ - at, fault_.kind->name);
      at += gap;
    }
  }

  const Scenario& scenario_;
  const Fault& fault_;
  const Occasion& occasion_;
  Random& random_;
  FaultOrder order_;
  std::optional<Duration> lasts_;
  std::string whom_, said_;
  std::uint64_t parts_ = 0;
  std::vector<Action> out_;
};

}  // namespace

std::uint64_t fault_seed(std::uint64_t seed, std::size_t fault) {
  return sim::mix(sim::hash_text("fault", seed), fault);
}

std::vector<Action> draw_fault(const Scenario& scenario, std::size_t fault, const Occasion& occasion, Random& random) {
  return Drawing(scenario, fault, occasion, random).actions();
}

std::string trigger_text(const Fault& fault) {
  const Trigger& when = *fault.when;
  std::string out = "when " + when.event;
  Names fields;
  for (const auto& [key, text] : when.where) fields.push_back(key + "=" + text);
  if (!fields.empty()) out += fmt::format(" ({})", fmt::join(fields, ", "));
  if (when.occurrence == 0) out += ", each time";
  if (when.occurrence > 1) out += fmt::format(", time {}", when.occurrence);
  return out + ": " + std::string(fault.kind->name);
}

}  // namespace kumasim::scenario
