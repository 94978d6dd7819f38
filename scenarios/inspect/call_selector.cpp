#include "scenarios/inspect/call_selector.hpp"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "kumasim/scenario/quantity.hpp"

namespace kumasim::scenario {
namespace {

std::string_view trimmed(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

/// "web -> backend", or "web@west -> backend" of the callers in one zone.
std::expected<CallSelector, std::string> parse_flow(std::string_view text, const Scenario& scenario) {
  std::size_t arrow = text.find("->");
  CallSelector out;
  if (arrow != std::string_view::npos) {
    out.from = trimmed(text.substr(0, arrow));
    out.to = trimmed(text.substr(arrow + 2));
  }
  std::string zone;
  if (std::size_t sign = out.from.find('@'); sign != std::string::npos) {
    zone = trimmed(std::string_view(out.from).substr(sign + 1));
    out.from = trimmed(std::string_view(out.from).substr(0, sign));
    for (const Instance& instance : scenario.instances)
      if (instance.service == out.from && instance.zone() == zone) out.callers.insert(instance.process);
  }
  auto flows = scenario.flows();
  if (std::ranges::find(flows, std::pair(out.from, out.to)) != flows.end()) {
    if (zone.empty() || !out.callers.empty()) return out;
    return std::unexpected(fmt::format("no instance of `{}` is in zone `{}`", out.from, zone));
  }
  std::vector<std::string> names;
  for (const auto& [from, to] : flows) names.push_back(from + " -> " + to);
  return std::unexpected(
      fmt::format("the scenario has no flow `{}`; expected one of {}", trimmed(text), fmt::join(names, ", ")));
}

}  // namespace

std::expected<CallSelector, std::string> parse_call(std::string_view text, const Scenario& scenario) {
  text = trimmed(text);
  CallSelector out;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out.number);
  if (error == std::errc() && end == text.data() + text.size()) {
    if (out.number > 0) return out;
    return std::unexpected("calls are numbered from 1");
  }
  // One before the arrow names a zone.
  std::size_t arrow = text.find("->");
  std::size_t sign = text.find('@', arrow == std::string_view::npos ? 0 : arrow);
  auto flow = parse_flow(text.substr(0, sign), scenario);
  if (!flow || sign == std::string_view::npos) return flow;
  auto at = parse_duration(trimmed(text.substr(sign + 1)));
  if (!at) return std::unexpected(fmt::format("`{}` is no time such as 61.2s", trimmed(text.substr(sign + 1))));
  flow->at = *at;
  return flow;
}

std::expected<CallSelector, std::string> parse_failed(std::string_view text, const Scenario& scenario) {
  CallSelector out;
  if (trimmed(text) != "any") {
    auto flow = parse_flow(text, scenario);
    if (!flow) return flow;
    out = *flow;
  }
  out.failed = true;
  return out;
}

std::optional<std::size_t> find_call(const CallSelector& selector, const Observations& seen) {
  if (selector.number > 0) {
    if (selector.number > seen.calls.size()) return std::nullopt;
    return selector.number - 1;
  }
  for (std::size_t i = 0; i < seen.calls.size(); ++i) {
    const CallRecord& call = seen.calls[i];
    bool flow = selector.from.empty() || (call.from == selector.from && call.to == selector.to);
    if (!selector.callers.empty() && !selector.callers.contains(call.from_process)) continue;
    if (flow && call.start >= selector.at && !(selector.failed && call.ok())) return i;
  }
  return std::nullopt;
}

std::optional<std::size_t> find_call(const Verdict& verdict, const Observations& seen) {
  if (!verdict.when) return std::nullopt;
  for (std::size_t i = 0; i < seen.calls.size(); ++i) {
    const CallRecord& call = seen.calls[i];
    bool named = verdict.why.find(call.from_process + " -> " + call.to) != std::string::npos;
    if (call.start == *verdict.when && named && verdict.why.ends_with(call.why)) return i;
  }
  return std::nullopt;
}

}  // namespace kumasim::scenario
