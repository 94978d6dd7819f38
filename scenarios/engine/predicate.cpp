/// Parsing of expectations: `name`, `name(arguments)`, each perhaps with a comparison.
#include "kumasim/scenario/predicate.hpp"

#include <charconv>
#include <optional>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "kumasim/scenario/diagnostic.hpp"
#include "kumasim/scenario/quantity.hpp"

namespace kumasim::scenario {
namespace {

using Kind = Predicate::Kind;
using Relation = Predicate::Relation;

enum class Argument { none, flow, optional_flow, flow_and_tag, flow_and_percentile, name };
enum class Measure { none, count, percent, duration };

struct Form {
  std::string_view name;
  Kind kind;
  Argument argument;
  Measure measure;
  std::string_view example;
};

constexpr Form forms[] = {
    {"no-plaintext", Kind::no_plaintext, Argument::none, Measure::none, "no-plaintext"},
    {"failed-calls", Kind::failed_calls, Argument::optional_flow, Measure::count, "failed-calls(web -> backend) == 0"},
    {"calls", Kind::calls, Argument::optional_flow, Measure::count, "calls(web -> backend) >= 100"},
    {"availability", Kind::availability, Argument::optional_flow, Measure::percent,
     "availability(web -> backend) >= 99.9%"},
    {"share", Kind::share, Argument::flow_and_tag, Measure::percent, "share(web -> backend, version=v1) in 87%..93%"},
    {"latency", Kind::latency, Argument::flow_and_percentile, Measure::duration,
     "latency(web -> backend, p99) <= 50ms"},
    {"reachable", Kind::reachable, Argument::flow, Measure::none, "reachable(web -> backend)"},
    {"denied", Kind::denied, Argument::flow, Measure::none, "denied(audit -> backend)"},
    {"blocked", Kind::blocked, Argument::flow, Measure::none, "blocked(audit -> backend)"},
    {"converged", Kind::converged, Argument::none, Measure::none, "converged"},
    {"policy-applied", Kind::policy_applied, Argument::name, Measure::none,
     "policy-applied(MeshTrafficPermission/web-to-backend)"},
    {"certificate-rotated", Kind::certificate_rotated, Argument::name, Measure::none, "certificate-rotated(backend)"},
    {"refusals-known", Kind::refusals_known, Argument::none, Measure::none, "refusals-known"},
    {"allowed-pairs-share-trust", Kind::share_trust, Argument::none, Measure::none, "allowed-pairs-share-trust"},
    {"no-plaintext-window", Kind::no_plaintext_window, Argument::none, Measure::none, "no-plaintext-window"},
    {"no-black-hole", Kind::no_black_hole, Argument::none, Measure::none, "no-black-hole"},
};

std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

bool name_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
         c == '.' || c == '/';
}

bool is_name(std::string_view text) {
  if (text.empty()) return false;
  for (char c : text) {
    if (!name_char(c)) return false;
  }
  return true;
}

std::unexpected<PredicateError> wrong(const Form& form, std::string message) {
  return std::unexpected(PredicateError{std::move(message), fmt::format("such as `{}`", form.example)});
}

bool parse_flow(std::string_view text, Predicate& out) {
  std::size_t arrow = text.find("->");
  if (arrow == std::string_view::npos) return false;
  std::string_view from = trim(text.substr(0, arrow));
  std::string_view to = trim(text.substr(arrow + 2));
  if (std::size_t at = from.find('@'); at != std::string_view::npos) {
    out.from_zone = trim(from.substr(at + 1));
    from = trim(from.substr(0, at));
    if (!is_name(out.from_zone)) return false;
  }
  if (!is_name(from) || !is_name(to)) return false;
  out.from = from;
  out.to = to;
  return true;
}

std::optional<std::int64_t> parse_value(Measure measure, std::string_view text) {
  if (measure == Measure::percent) return parse_percent(text);
  if (measure == Measure::duration) {
    auto duration = parse_duration(text);
    return duration ? std::optional(duration->count()) : std::nullopt;
  }
  std::int64_t value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  bool whole = error == std::errc() && end == text.data() + text.size() && value >= 0;
  return whole ? std::optional(value) : std::nullopt;
}

std::string_view measure_text(Measure measure) {
  switch (measure) {
    case Measure::percent: return "a percentage such as 99.9%";
    case Measure::duration: return "a duration such as 50ms";
    default: return "a whole number";
  }
}

std::expected<void, PredicateError> parse_comparison(const Form& form, std::string_view text, Predicate& out) {
  if (text.starts_with("in ")) {
    std::string_view range = trim(text.substr(3));
    std::size_t dots = range.find("..");
    if (dots == std::string_view::npos) return wrong(form, "after `in` a range LOW..HIGH is expected");
    auto low = parse_value(form.measure, trim(range.substr(0, dots)));
    auto high = parse_value(form.measure, trim(range.substr(dots + 2)));
    if (!low || !high) return wrong(form, fmt::format("each end of the range must be {}", measure_text(form.measure)));
    if (*low > *high) return wrong(form, "the range is empty: its low end is above its high end");
    out.relation = Relation::within;
    out.low = *low;
    out.high = *high;
    return {};
  }
  constexpr std::pair<std::string_view, Relation> relations[] = {{"<=", Relation::at_most},
                                                                 {">=", Relation::at_least},
                                                                 {"==", Relation::equal},
                                                                 {"<", Relation::less},
                                                                 {">", Relation::more}};
  for (const auto& [word, relation] : relations) {
    if (!text.starts_with(word)) continue;
    auto value = parse_value(form.measure, trim(text.substr(word.size())));
    if (!value) return wrong(form, fmt::format("after `{}` {} is expected", word, measure_text(form.measure)));
    out.relation = relation;
    out.low = *value;
    return {};
  }
  return wrong(form, fmt::format("a comparison is missing: one of <, <=, ==, >=, > or `in LOW..HIGH`, with {}",
                                 measure_text(form.measure)));
}

std::expected<void, PredicateError> parse_arguments(const Form& form, std::optional<std::string_view> text,
                                                    Predicate& out) {
  if (!text) {
    if (form.argument == Argument::none || form.argument == Argument::optional_flow) return {};
    return wrong(form, fmt::format("`{}` needs its arguments in parentheses", form.name));
  }
  if (form.argument == Argument::none) return wrong(form, fmt::format("`{}` takes no arguments", form.name));
  if (form.argument == Argument::name) {
    if (!is_name(trim(*text))) return wrong(form, fmt::format("`{}` takes one name", form.name));
    std::string_view name = trim(*text);
    std::size_t slash = name.find('/');
    if (out.kind == Kind::policy_applied && slash != std::string_view::npos) {
      out.type = name.substr(0, slash);
      name = name.substr(slash + 1);
      if (out.type.empty() || !is_name(name) || name.find('/') != std::string_view::npos)
        return wrong(form, fmt::format("`{}` takes KIND/NAME", form.name));
    }
    out.name = name;
    return {};
  }
  std::string_view flow = *text;
  std::string_view rest;
  if (std::size_t comma = flow.find(','); comma != std::string_view::npos) {
    rest = trim(flow.substr(comma + 1));
    flow = flow.substr(0, comma);
  }
  if (!parse_flow(flow, out)) return wrong(form, "a flow is expected: SERVICE -> SERVICE, or SERVICE@ZONE -> SERVICE");
  if (form.argument == Argument::flow_and_tag) {
    std::size_t equals = rest.find('=');
    if (equals == std::string_view::npos || !is_name(trim(rest.substr(0, equals))) ||
        !is_name(trim(rest.substr(equals + 1)))) {
      return wrong(form, "a tag is expected after the flow: KEY=VALUE");
    }
    out.tag_key = trim(rest.substr(0, equals));
    out.tag_value = trim(rest.substr(equals + 1));
  } else if (form.argument == Argument::flow_and_percentile) {
    int value = 0;
    if (rest.size() < 2 || rest[0] != 'p')
      return wrong(form, "a percentile is expected after the flow: p50, p90, p99, p100");
    auto [end, error] = std::from_chars(rest.data() + 1, rest.data() + rest.size(), value);
    if (error != std::errc() || end != rest.data() + rest.size() || value < 1 || value > 100) {
      return wrong(form, "a percentile is expected after the flow: p50, p90, p99, p100");
    }
    out.percentile = value;
  } else if (!rest.empty()) {
    return wrong(form, fmt::format("`{}` takes one flow", form.name));
  }
  return {};
}

}  // namespace

bool Predicate::holds(std::int64_t value) const {
  switch (relation) {
    case Relation::less: return value < low;
    case Relation::at_most: return value <= low;
    case Relation::equal: return value == low;
    case Relation::at_least: return value >= low;
    case Relation::more: return value > low;
    case Relation::within: return value >= low && value <= high;
  }
  return false;
}

std::expected<Predicate, PredicateError> parse_predicate(std::string_view text) {
  text = trim(text);
  std::size_t length = 0;
  while (length < text.size() && ((text[length] >= 'a' && text[length] <= 'z') || text[length] == '-')) ++length;
  std::string_view word = text.substr(0, length);
  const Form* form = nullptr;
  std::vector<std::string> names;
  for (const Form& candidate : forms) {
    names.emplace_back(candidate.name);
    if (candidate.name == word) form = &candidate;
  }
  if (form == nullptr) {
    std::string near = nearest(word, names);
    return std::unexpected(
        PredicateError{fmt::format("unknown expectation `{}`; expected one of {}", word, fmt::join(names, ", ")),
                       near.empty() ? "" : fmt::format("did you mean `{}`?", near)});
  }
  Predicate out;
  out.kind = form->kind;
  text = trim(text.substr(length));
  std::optional<std::string_view> arguments;
  if (text.starts_with('(')) {
    std::size_t close = text.find(')');
    if (close == std::string_view::npos) return wrong(*form, "a closing parenthesis is missing");
    arguments = text.substr(1, close - 1);
    text = trim(text.substr(close + 1));
  }
  if (auto parsed = parse_arguments(*form, arguments, out); !parsed) return std::unexpected(parsed.error());
  if (form->measure == Measure::none) {
    if (!text.empty()) return wrong(*form, fmt::format("nothing is expected after `{}`, found `{}`", form->name, text));
    return out;
  }
  if (auto parsed = parse_comparison(*form, text, out); !parsed) return std::unexpected(parsed.error());
  return out;
}

}  // namespace kumasim::scenario
