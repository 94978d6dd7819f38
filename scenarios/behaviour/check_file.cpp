#include "scenarios/behaviour/check_file.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <set>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "kumasim/runtime/markup.hpp"
#include "kumasim/scenario/grammar.hpp"
#include "kumasim/scenario/quantity.hpp"
#include "scenarios/behaviour/policy_origins.hpp"

namespace kumasim::scenario {
namespace {

using nlohmann::json;
using Type = Grammar::Type;

/// What a call that ends before it has no answer for.
const std::string not_reached = "not reached: ";
const std::string not_looked_at = "NOT looked at";

GrammarPtr shape(Grammar grammar) { return std::make_shared<const Grammar>(std::move(grammar)); }

GrammarPtr list_of_texts(std::string what) {
  return shape({.type = Type::list, .what = std::move(what), .least = 1, .element = shape({.type = Type::string})});
}

const Grammar& check_grammar() {
  static const Grammar grammar = [] {
    GrammarPtr text = shape({.type = Type::string});
    GrammarPtr paths = shape({.type = Type::any_of,
                              .what = "a path, or a list of paths",
                              .alternatives = {text, list_of_texts("a list of paths")}});
    GrammarPtr spec = shape({.type = Type::object,
                             .fields = {{"policies", paths, "files and folders of resources, or a scenario", true},
                                        {"topology", text, "a scenario whose services are meant", false},
                                        {"expect", list_of_texts("a list of expectations"), "what must hold", true}}});
    GrammarPtr metadata =
        shape({.type = Type::object,
               .fields = {{"name", text, "of the check", true}, {"description", text, "what it is for", false}}});
    return Grammar{.type = Type::object,
                   .fields = {{"apiVersion", shape({.type = Type::enumeration, .values = {"kumasim/v1"}}), "", true},
                              {"kind", shape({.type = Type::enumeration, .values = {"Check"}}), "", true},
                              {"metadata", metadata, "", true},
                              {"spec", spec, "", true}}};
  }();
  return grammar;
}

/// One kind of client with one destination.
struct Asked {
  WayIn way;
  std::string who;  ///< "web -> backend"
};

class Judge {
 public:
  explicit Judge(const Deployment& deployment) : deployment_(deployment) {
    for (const StillProxy& proxy : deployment.proxies()) {
      clients_.insert(proxy.service);
      services_.insert(proxy.service);
      if (proxy.view.gateway_type == "BUILTIN") gateways_.insert(proxy.service);
      for (const cp::Inbound& inbound : proxy.view.inbounds) services_.insert(inbound.service);
      for (const cp::Outbound& outbound : proxy.view.outbounds) services_.insert(destination_name(outbound));
      for (const HiddenCall& call : proxy.hidden) services_.insert(call.to);
    }
  }

  /// Why this cannot be asked about, and a hint; empty where it can.
  std::vector<PredicateError> unknown(const Question& question) const {
    std::vector<PredicateError> out;
    if (!question.from_outside()) {
      for (const std::string& name : {question.from, question.to})
        if (name != "*" && !services_.contains(name))
          out.push_back({fmt::format("there is no service `{}`", name), meant(name, services_)});
      return out;
    }
    if (clients_.contains(question.from))
      out.push_back({"`outside` stands for clients outside of the mesh, and a service has this name too",
                     "give the service another name"});
    if (question.to != "*" && !gateways_.contains(question.to))
      out.push_back({fmt::format("there is no builtin gateway `{}`", question.to), meant(question.to, gateways_)});
    return out;
  }

  CheckVerdict judge(const Expected& expected) const {
    const Question& question = expected.question;
    CheckVerdict out{
        .text = expected.text, .mark = expected.mark, .held = false, .seen = {}, .why = {}, .policies = {}};
    std::map<std::string, std::vector<std::string>> seen;  // text -> whose
    bool any = false, broken = false;
    if (about_zones(question)) {
      out.seen = not_looked_at;
      out.why = "a policy decides to which zones it goes, and all is looked at as one zone";
      return out;
    }
    for (const Asked& each : asked(question)) {
      CallFacts flow = evaluate(deployment_, each.way, question.request);
      Fact fact = answer(question, flow);
      bool holds = !fact.text.starts_with(not_reached) && question.holds(fact);
      auto& whose = seen[fact.text];
      if (std::ranges::find(whose, each.who) == whose.end()) whose.push_back(each.who);
      if (!any || (!holds && !broken)) explain(each.way, flow, question, fact, out);
      any = true;
      broken = broken || !holds;
    }
    for (const auto& [who, why] : hidden(question)) {
      seen[not_looked_at].push_back(who);
      if (!broken) out.why = why, out.policies.clear();
      any = broken = true;
    }
    out.held = any && !broken;
    if (!any) {
      out.seen = "no such call";
      out.why = why_nobody(question);
    }
    for (const auto& [text, whose] : seen)
      out.seen += fmt::format("{}{}{}", out.seen.empty() ? "" : ", ", text,
                              seen.size() == 1 ? "" : fmt::format(" ({})", fmt::join(whose, ", ")));
    return out;
  }

 private:
  bool about_zones(const Question& question) const {
    bool asks =
        question.kind == Question::Kind::share ? question.tag_key == "kuma.io/zone" : question.fact == FactId::failover;
    return asks && deployment_.zones_matter();
  }

  static std::string meant(const std::string& name, const std::set<std::string>& names) {
    std::string near = nearest(name, {names.begin(), names.end()});
    return near.empty() ? "" : fmt::format("did you mean `{}`?", near);
  }

  std::string why_nobody(const Question& question) const {
    if (question.from_outside()) return fmt::format("{} has no such listener", question.to);
    std::string out = fmt::format("no Dataplane of {} has an outbound to {}", question.from, question.to);
    return gateways_.contains(question.to) ? out + ": a gateway's listeners are called from `outside`" : out;
  }

  /// Calls that it is about and that are not looked at, and why.
  std::map<std::string, std::string> hidden(const Question& question) const {
    std::map<std::string, std::string> out;
    if (question.from_outside()) return out;
    for (const StillProxy& proxy : deployment_.proxies())
      for (const HiddenCall& call : proxy.hidden)
        if ((question.from == "*" || proxy.service == question.from) && (question.to == "*" || call.to == question.to))
          out[fmt::format("{} -> {}", proxy.service, call.to)] = call.why;
    return out;
  }

  std::vector<Asked> asked(const Question& question) const {
    std::vector<Asked> out;
    for (const StillProxy& proxy : deployment_.proxies()) {
      if (question.from_outside()) {
        if (!gateways_.contains(proxy.service) || (question.to != "*" && question.to != proxy.service)) continue;
        for (Door& door : doors_asked(proxy, question)) {
          std::string who = fmt::format("outside -> {}{}", proxy.service, door.text());
          out.push_back({{&proxy, nullptr, std::move(door)}, std::move(who)});
        }
        continue;
      }
      if (question.from != "*" && proxy.service != question.from) continue;
      for (const cp::Outbound& outbound : proxy.view.outbounds) {
        std::string to = destination_name(outbound);
        if (to == proxy.service && question.to == "*") continue;
        if (question.to == "*" || to == question.to)
          out.push_back({{&proxy, &outbound}, fmt::format("{} -> {}", proxy.service, to)});
      }
    }
    return out;
  }

  /// A port that is asked about is looked at though nobody listens.
  std::vector<Door> doors_asked(const StillProxy& proxy, const Question& question) const {
    std::vector<Door> out;
    for (Door& door : doors_of(deployment_, proxy)) {
      if ((question.port != 0 && door.port != question.port) || door.tls != question.tls.value_or(door.tls)) continue;
      if (!question.hostname.empty()) door.hostname = question.hostname;
      if (std::ranges::none_of(out, [&](const Door& other) { return door.same(other); }))
        out.push_back(std::move(door));
    }
    if (out.empty() && question.port != 0)
      out.push_back({.port = question.port,
                     .tls = question.tls.value_or(false),
                     .hostname = question.hostname.empty() ? "*" : question.hostname});
    return out;
  }

  static Fact answer(const Question& question, const CallFacts& flow) {
    if (question.kind == Question::Kind::share) {
      double part = 0;
      for (const EndpointShare& each : flow.shares) {
        auto found = each.tags.find(question.tag_key);
        if (found != each.tags.end() && found->second == question.tag_value) part += each.part;
      }
      std::int64_t number = std::llround(1e6 * part);
      auto route = flow.facts.find(FactId::route);
      return {percent_text(number), number, route == flow.facts.end() ? std::string() : route->second.why};
    }
    auto found = flow.facts.find(question.fact);
    if (found != flow.facts.end()) return found->second;
    // A call that does not get so far has no such fact: access says where it ends.
    auto access = flow.facts.find(FactId::access);
    if (access == flow.facts.end()) return {"unknown"};
    return {not_reached + access->second.text, {}, access->second.why};
  }

  void explain(const WayIn& way, const CallFacts& flow, const Question& question, const Fact& fact,
               CheckVerdict& out) const {
    const FactKind& kind = fact_kind(question.kind == Question::Kind::share ? FactId::route : question.fact);
    out.why = fact.why;
    out.policies.clear();
    bool judged = kind.id == FactId::access && (fact.text == "allowed" || fact.text == "denied");
    for (const auto& [type, mesh, name] : origins_of(deployment_, way, flow, kind)) {
      if ((type == "Mesh" && kind.id != FactId::transport) || (judged && only_leads(type))) continue;
      out.policies.push_back(type + " " + name);
    }
  }

  const Deployment& deployment_;
  std::set<std::string> clients_, services_, gateways_;
};

}  // namespace

std::set<std::pair<std::string, std::string>> CheckFile::pairs() const {
  std::set<std::pair<std::string, std::string>> out;
  for (const Expected& each : expectations)
    if (!each.question.from_outside()) out.insert({each.question.from, each.question.to});
  return out;
}

std::expected<CheckFile, Diagnostics> read_check(std::string_view text, const std::string& file) {
  auto document = parse_document(text, file);
  if (!document) return std::unexpected(Diagnostics{document.error()});
  Diagnostics wrong;
  check(check_grammar(), *document, wrong);
  if (!wrong.empty()) return std::unexpected(std::move(wrong));
  const json& spec = document->value["spec"];
  CheckFile out{.file = file,
                .name = document->value["metadata"]["name"].get<std::string>(),
                .policies = {},
                .topology = spec.value("topology", ""),
                .expectations = {}};
  if (spec["policies"].is_string())
    out.policies.push_back(spec["policies"].get<std::string>());
  else
    out.policies = spec["policies"].get<std::vector<std::string>>();
  std::size_t index = 0;
  for (const json& each : spec["expect"]) {
    std::string path = child_path("spec.expect", index++);
    auto question = parse_question(each.get<std::string>());
    if (!question)
      wrong.push_back(document->complain(path, question.error().message, question.error().hint));
    else
      out.expectations.push_back({each.get<std::string>(), document->mark(path), std::move(*question)});
  }
  if (!wrong.empty()) return std::unexpected(std::move(wrong));
  return out;
}

bool CheckReport::passed() const { return std::ranges::all_of(verdicts, &CheckVerdict::held); }

std::expected<CheckReport, Diagnostics> judge(const CheckFile& file, const Deployment& deployment) {
  Judge by(deployment);
  Diagnostics wrong;
  CheckReport out{.name = file.name, .file = file.file, .verdicts = {}, .notes = deployment.notes()};
  for (const Expected& each : file.expectations) {
    std::vector<PredicateError> unknown = by.unknown(each.question);
    for (PredicateError& why : unknown)
      wrong.push_back({file.file, each.mark, each.text, std::move(why.message), std::move(why.hint)});
    if (unknown.empty()) out.verdicts.push_back(by.judge(each));
  }
  if (!wrong.empty()) return std::unexpected(std::move(wrong));
  return out;
}

std::string check_text(const CheckReport& report) {
  std::size_t held = 0;
  std::string out;
  for (const CheckVerdict& verdict : report.verdicts) {
    held += verdict.held ? 1 : 0;
    out += fmt::format("  {:<6} {}: {}", verdict.held ? "ok" : "BROKEN", verdict.text, verdict.seen);
    if (!verdict.policies.empty()) out += fmt::format(" ({})", fmt::join(verdict.policies, ", "));
    out += "\n";
    if (!verdict.held) {
      if (!verdict.why.empty()) out += fmt::format("         {}\n", verdict.why);
      out += fmt::format("         {}:{}\n", report.file, verdict.mark.line);
    }
  }
  for (const std::string& note : report.notes) out += "  note: " + note + "\n";
  return fmt::format("{} {}: {} of {} hold\n{}", report.passed() ? "PASSED" : "BROKEN", report.name, held,
                     report.verdicts.size(), out);
}

json check_json(const CheckReport& report) {
  json verdicts = json::array();
  for (const CheckVerdict& each : report.verdicts)
    verdicts.push_back({{"expect", each.text},
                        {"line", each.mark.line},
                        {"held", each.held},
                        {"seen", each.seen},
                        {"why", each.why},
                        {"policies", each.policies}});
  return {{"check", report.name},
          {"file", report.file},
          {"passed", report.passed()},
          {"verdicts", verdicts},
          {"notes", report.notes}};
}

std::string check_junit(const std::vector<CheckReport>& reports) {
  std::string out = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n";
  for (const CheckReport& report : reports) {
    std::string suite = markup_escaped(report.name);
    out += fmt::format("  <testsuite name=\"{}\" tests=\"{}\" failures=\"{}\">\n", suite, report.verdicts.size(),
                       std::ranges::count(report.verdicts, false, &CheckVerdict::held));
    for (const CheckVerdict& each : report.verdicts) {
      out += fmt::format("    <testcase classname=\"{}\" name=\"{}\"", suite, markup_escaped(each.text));
      out += each.held ? "/>\n"
                       : fmt::format("><failure message=\"{}\">{}</failure></testcase>\n", markup_escaped(each.seen),
                                     markup_escaped(each.why));
    }
    out += "  </testsuite>\n";
  }
  return out + "</testsuites>\n";
}

}  // namespace kumasim::scenario
