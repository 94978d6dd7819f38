#include "scenarios/engine/fault_value.hpp"

#include <cassert>

#include <fmt/format.h>

namespace kumasim::scenario {
namespace {

using Type = fault::Parameter::Type;

std::int64_t draw_between(std::int64_t low, std::int64_t high, std::int64_t grain, Random& random) {
  auto steps = static_cast<std::uint64_t>((high - low) / grain);
  return low + static_cast<std::int64_t>(random.below(steps + 1)) * grain;
}

/// So that a report shows few digits.
std::int64_t grain_of(std::int64_t nanoseconds) {
  return nanoseconds >= 10'000'000 ? 1'000'000 : nanoseconds >= 10'000 ? 1'000 : 1;
}

std::string expected(const fault::Parameter& parameter) {
  if (parameter.type == Type::percent) return "a percentage of at most 100%";
  if (parameter.type == Type::number)
    return fmt::format("a whole number from {} to {}", parameter.least, parameter.most);
  return "a duration of at most ten years";
}

std::string law_text(const DelayLaw& law) {
  using Law = DelayLaw::Law;
  std::string a = duration_text(law.a), b = duration_text(law.b);
  switch (law.law) {
    case Law::constant: return a;
    case Law::uniform: return fmt::format("{} to {}", a, b);
    case Law::exponential: return fmt::format("exp {}", a);
    case Law::lognormal: return fmt::format("lognormal {} {}", a, b);
    case Law::normal: return fmt::format("normal {} {}", a, b);
    case Law::bimodal: return fmt::format("bimodal {} {}", a, b);
    case Law::trace: return fmt::format("{} measured, {} to {}", law.measured.size(), a, b);
  }
  return a;
}

}  // namespace

std::expected<std::int64_t, std::string> parse_fault_number(const fault::Parameter& parameter,
                                                            const nlohmann::json& value) {
  using Wrong = std::unexpected<std::string>;
  if (value.is_number_integer() != (parameter.type == Type::number) ||
      (!value.is_string() && !value.is_number_integer()))
    return Wrong(fmt::format("expected {}, found {}", expected(parameter), value.dump()));
  if (parameter.type == Type::number) {
    auto number = value.get<std::int64_t>();
    if (number >= parameter.least && number <= parameter.most) return number;
    return Wrong(fmt::format("expected {}, found {}", expected(parameter), number));
  }
  auto text = value.get<std::string>();
  std::optional<std::int64_t> out;
  if (parameter.type == Type::percent) {
    out = parse_percent(text);
  } else {
    bool negative = parameter.type == Type::offset && text.starts_with('-');
    if (auto length = parse_duration(std::string_view(text).substr(negative ? 1 : 0)))
      out = negative ? -length->count() : length->count();
  }
  if (out) return *out;
  return Wrong(fmt::format("expected {}, found `{}`", expected(parameter), text));
}

FaultValue fallback_of(const fault::Parameter& parameter) {
  FaultValue out;
  if (parameter.type == Type::word || parameter.type == Type::text) {
    out.word = parameter.fallback;
    return out;
  }
  nlohmann::json value = std::string(parameter.fallback);
  if (parameter.type == Type::number) value = nlohmann::json::parse(parameter.fallback);
  auto number = parse_fault_number(parameter, value);
  assert(number && parameter.type != Type::delay);
  out.low = out.high = *number;
  return out;
}

FaultValue draw(const fault::Parameter& parameter, const FaultValue& value, Random& random) {
  FaultValue out = value;
  if (value.low == value.high) return out;
  bool time = parameter.type == Type::duration || parameter.type == Type::offset;
  std::int64_t grain = time ? grain_of(value.high - value.low) : parameter.type == Type::percent ? 100 : 1;
  out.low = out.high = draw_between(value.low, value.high, grain, random);
  return out;
}

Duration draw(const Span& span, Random& random) {
  if (span.fixed()) return span.low;
  std::int64_t grain = std::chrono::nanoseconds(std::chrono::milliseconds(1)).count();
  return Duration(draw_between(span.low.count(), span.high.count(), grain, random));
}

std::string text_of(const fault::Parameter& parameter, const FaultValue& value) {
  auto one = [&](std::int64_t number) {
    if (parameter.type == Type::percent) return percent_text(number);
    if (parameter.type == Type::number)
      return fmt::format("{}{}{}", number, parameter.unit.empty() ? "" : " ", parameter.unit);
    return duration_text(Duration(number));
  };
  if (value.law) return law_text(*value.law);
  if (parameter.type == Type::word || parameter.type == Type::text) return value.word;
  return value.low == value.high ? one(value.low) : fmt::format("{} to {}", one(value.low), one(value.high));
}

}  // namespace kumasim::scenario
