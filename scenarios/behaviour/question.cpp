#include "scenarios/behaviour/question.hpp"

#include <algorithm>
#include <charconv>
#include <optional>
#include <span>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "kumasim/scenario/diagnostic.hpp"
#include "kumasim/scenario/quantity.hpp"

namespace kumasim::scenario {
namespace {

using Relation = Question::Relation;

/// A question that is a fact with its value.
struct Word {
  std::string_view name;
  FactId fact;
  std::string_view value;
};
constexpr Word words[] = {{"allowed", FactId::access, "allowed"},
                          {"denied", FactId::access, "denied"},
                          {"mtls", FactId::transport, "mtls"},
                          {"plaintext", FactId::transport, "plaintext"}};

std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

std::unexpected<PredicateError> wrong(std::string message, std::string hint = {}) {
  return std::unexpected(PredicateError{std::move(message), std::move(hint)});
}

bool is_service(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
           c == '.' || c == ':' || c == '*';
  });
}

bool is_method(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= 'A' && c <= 'Z'; });
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return out;
}

std::vector<std::string_view> split(std::string_view text) {
  std::vector<std::string_view> out;
  while (!(text = trim(text)).empty()) {
    std::size_t end = std::min(text.find_first_of(" \t"), text.size());
    out.push_back(text.substr(0, end));
    text.remove_prefix(end);
  }
  return out;
}

/// GATEWAY[:PORT]
std::expected<void, PredicateError> parse_gateway(std::string_view text, Question& out) {
  std::size_t colon = text.rfind(':');
  out.to = text.substr(0, colon);
  if (colon == std::string_view::npos) return {};
  std::string_view port = text.substr(colon + 1);
  auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), out.port);
  bool number = error == std::errc() && end == port.data() + port.size();
  if (out.to.empty() || !number || out.port == 0 || out.port > 65'535)
    return wrong(fmt::format("`{}` is no gateway with a port", text), "such as `edge-gateway:8080`");
  return {};
}

/// [SCHEME://]HOSTNAME, if the word is one.
bool parse_hostname(std::string_view text, Question& out) {
  constexpr std::pair<std::string_view, bool> schemes[] = {{"http://", false}, {"https://", true}, {"tls://", true}};
  std::optional<bool> tls;
  for (const auto& [scheme, with_tls] : schemes)
    if (text.starts_with(scheme)) tls = with_tls, text.remove_prefix(scheme.size());
  constexpr std::string_view methods[] = {"get",   "head",    "post",    "put",  "delete",
                                          "patch", "options", "connect", "trace"};
  bool name = is_service(text) && !is_method(text) && text.find(':') == std::string_view::npos &&
              std::ranges::find(methods, text) == std::end(methods);
  if (!name) return false;
  out.tls = tls;
  out.hostname = lower(text);
  return true;
}

constexpr const char* call_form = "such as `web -> backend GET /api x-user:admin`";
constexpr const char* outside_form = "such as `outside -> edge-gateway:8080 example.com GET /api`";

std::expected<void, PredicateError> parse_request(std::span<const std::string_view> parts, Question& out) {
  for (std::string_view part : parts) {
    std::size_t colon = part.find(':');
    // Of a URL, or a host with a port: a client from outside names the gateway's port, the hostname and the path.
    bool place = part.find("://") != std::string_view::npos ||
                 (colon != std::string_view::npos && part.substr(0, colon).find('.') != std::string_view::npos);
    if (out.from_outside() && place)
      return wrong(fmt::format("`{}` is no header: gateway, hostname and path are words of their own", part),
                   outside_form);
    if (part.starts_with('/'))
      out.request.path = part;
    else if (is_method(part))
      out.request.method = part;
    else if (colon != std::string_view::npos && colon > 0)
      // Envoy has names of headers in small letters.
      out.request.headers.emplace_back(lower(part.substr(0, colon)), part.substr(colon + 1));
    else
      return wrong(fmt::format("`{}` is no method, no path and no header:value", part),
                   out.from_outside() ? outside_form : call_form);
  }
  return {};
}

std::expected<void, PredicateError> parse_call(std::string_view text, Question& out) {
  std::size_t arrow = text.find("->");
  if (arrow == std::string_view::npos) return wrong("a call is expected: SERVICE -> SERVICE", call_form);
  out.from = trim(text.substr(0, arrow));
  std::vector<std::string_view> words_of = split(text.substr(arrow + 2));
  if (!is_service(out.from) || words_of.empty() || !is_service(words_of.front()))
    return wrong("a call is expected: SERVICE -> SERVICE", call_form);
  std::span<const std::string_view> parts = words_of;
  out.to = parts.front();
  if (out.to == Question::outside)
    return wrong("nobody calls `outside`: it stands for clients outside of the mesh", outside_form);
  if (out.from_outside()) {
    if (auto parsed = parse_gateway(parts.front(), out); !parsed) return parsed;
    if (parts.size() > 1 && parse_hostname(parts[1], out)) parts = parts.subspan(1);
  }
  return parse_request(parts.subspan(1), out);
}

constexpr std::int64_t nanoseconds_an_hour = 3'600'000'000'000;

std::optional<std::int64_t> parse_number(FactMeasure measure, std::string_view text) {
  switch (measure) {
    case FactMeasure::text: return std::nullopt;
    case FactMeasure::percent: return parse_percent(text);
    case FactMeasure::duration: {
      auto duration = parse_duration(text);
      return duration ? std::optional(duration->count()) : std::nullopt;
    }
    case FactMeasure::rate: {
      auto between = parse_rate(text);
      return between && between->count() > 0 ? std::optional(nanoseconds_an_hour / between->count()) : std::nullopt;
    }
    case FactMeasure::count: break;
  }
  std::int64_t value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() && value >= 0 ? std::optional(value) : std::nullopt;
}

std::string_view measure_text(FactMeasure measure) {
  switch (measure) {
    case FactMeasure::text: return "a text";
    case FactMeasure::percent: return "a percentage such as 10%";
    case FactMeasure::duration: return "a duration such as 5s, or none";
    case FactMeasure::rate: return "a rate such as 100/s, or none";
    case FactMeasure::count: break;
  }
  return "a whole number, or none";
}

std::string_view unquoted(std::string_view text) {
  return text.size() >= 2 && text.front() == '"' && text.back() == '"' ? text.substr(1, text.size() - 2) : text;
}

std::expected<void, PredicateError> parse_comparison(FactMeasure measure, std::string_view text, Question& out) {
  constexpr std::pair<std::string_view, Relation> relations[] = {{"<=", Relation::at_most}, {">=", Relation::at_least},
                                                                 {"==", Relation::equal},   {"!=", Relation::unequal},
                                                                 {"<", Relation::less},     {">", Relation::more}};
  if (text.starts_with("in ")) {
    std::string_view range = trim(text.substr(3));
    std::size_t dots = range.find("..");
    auto low = dots == std::string_view::npos ? std::nullopt : parse_number(measure, trim(range.substr(0, dots)));
    auto high = dots == std::string_view::npos ? std::nullopt : parse_number(measure, trim(range.substr(dots + 2)));
    if (!low || !high || *low > *high)
      return wrong(fmt::format("after `in` LOW..HIGH is expected, each end {}", measure_text(measure)));
    out.relation = Relation::within;
    out.value = range;
    out.numeric = true;
    out.low = *low;
    out.high = *high;
    return {};
  }
  for (const auto& [word, relation] : relations) {
    if (!text.starts_with(word)) continue;
    std::string_view value = unquoted(trim(text.substr(word.size())));
    bool equality = relation == Relation::equal || relation == Relation::unequal;
    out.relation = relation;
    out.value = value;
    if (value.empty()) return wrong(fmt::format("after `{}` {} is expected", word, measure_text(measure)));
    if (measure == FactMeasure::text || (value == "none" && equality)) {
      if (!equality) return wrong(fmt::format("a text is compared by == and !=, not by {}", word));
      return {};
    }
    auto number = parse_number(measure, value);
    if (!number) return wrong(fmt::format("after `{}` {} is expected, found `{}`", word, measure_text(measure), value));
    out.numeric = true;
    out.low = *number;
    return {};
  }
  return wrong(fmt::format("a comparison is missing: one of ==, !=, <, <=, >, >= or `in LOW..HIGH`, with {}",
                           measure_text(measure)));
}

std::unexpected<PredicateError> unknown(std::string_view word) {
  std::vector<std::string> names;
  for (const Word& each : words) names.emplace_back(each.name);
  names.emplace_back("share");
  for (const FactKind& each : fact_kinds()) names.emplace_back(each.name);
  std::string near = nearest(word, names);
  return wrong(fmt::format("unknown question `{}`; expected one of {}", word, fmt::join(names, ", ")),
               near.empty() ? "" : fmt::format("did you mean `{}`?", near));
}

}  // namespace

bool Question::holds(const Fact& fact) const {
  if (!numeric) return (fact.text == value) == (relation == Relation::equal);
  // No limit is above every number.
  if (!fact.number)
    return fact.text == "none" &&
           (relation == Relation::more || relation == Relation::at_least || relation == Relation::unequal);
  std::int64_t number = *fact.number;
  switch (relation) {
    case Relation::equal: return number == low;
    case Relation::unequal: return number != low;
    case Relation::less: return number < low;
    case Relation::at_most: return number <= low;
    case Relation::at_least: return number >= low;
    case Relation::more: return number > low;
    case Relation::within: return number >= low && number <= high;
  }
  return false;
}

std::expected<Question, PredicateError> parse_question(std::string_view text) {
  text = trim(text);
  std::size_t open = text.find('('), close = text.find(')');
  std::string_view name = trim(text.substr(0, open));
  const auto* word = std::ranges::find(words, name, &Word::name);
  const FactKind* kind = find_fact(name);
  if (word == std::end(words) && kind == nullptr && name != "share") return unknown(name);
  if (open == std::string_view::npos || close == std::string_view::npos || close < open)
    return wrong(fmt::format("`{}` needs a call in parentheses", name),
                 fmt::format("such as `{}(web -> backend)`", name));
  Question out;
  std::string_view call = text.substr(open + 1, close - open - 1);
  std::string_view rest = trim(text.substr(close + 1));
  if (name == "share") {
    std::size_t comma = call.rfind(',');
    std::string_view tag = comma == std::string_view::npos ? std::string_view() : trim(call.substr(comma + 1));
    std::size_t equals = tag.find('=');
    if (equals == std::string_view::npos || equals == 0)
      return wrong("a tag is expected after the call: KEY=VALUE", "such as `share(web -> backend, version=v2) == 10%`");
    out.kind = Question::Kind::share;
    out.tag_key = trim(tag.substr(0, equals));
    out.tag_value = trim(tag.substr(equals + 1));
    call = call.substr(0, comma);
  }
  if (auto parsed = parse_call(call, out); !parsed) return std::unexpected(parsed.error());
  if (word != std::end(words)) {
    if (!rest.empty()) return wrong(fmt::format("nothing is expected after `{}`, found `{}`", name, rest));
    out.fact = word->fact;
    out.value = word->value;
    return out;
  }
  if (kind != nullptr) out.fact = kind->id;
  FactMeasure measure = kind == nullptr ? FactMeasure::percent : kind->measure;
  if (auto parsed = parse_comparison(measure, rest, out); !parsed) return std::unexpected(parsed.error());
  return out;
}

}  // namespace kumasim::scenario
