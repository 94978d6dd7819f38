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
  const StillProxy* client;
  const cp::Outbound* outbound;
};

class Judge {
 public:
  explicit Judge(const Deployment& deployment) : deployment_(deployment) {
    for (const StillProxy& proxy : deployment.proxies()) {
      services_.insert(proxy.service);
      for (const cp::Inbound& inbound : proxy.view.inbounds) services_.insert(inbound.service);
      for (const cp::Outbound& outbound : proxy.view.outbounds) services_.insert(destination_name(outbound));
    }
  }

  /// Why a name cannot be asked about; nullopt where it can.
  std::optional<std::string> unknown(const std::string& name, std::string& hint) const {
    if (name == "*" || services_.contains(name)) return std::nullopt;
    std::string near = nearest(name, {services_.begin(), services_.end()});
    if (!near.empty()) hint = fmt::format("did you mean `{}`?", near);
    return fmt::format("there is no service `{}`", name);
  }

  CheckVerdict judge(const Expected& expected) const {
    const Question& question = expected.question;
    CheckVerdict out{
        .text = expected.text, .mark = expected.mark, .held = false, .seen = {}, .why = {}, .policies = {}};
    std::map<std::string, std::vector<std::string>> seen;  // text -> whose
    bool any = false, broken = false;
    for (const Asked& each : asked(question)) {
      CallFacts flow = evaluate(deployment_, *each.client, *each.outbound, question.request);
      Fact fact = answer(question, flow);
      bool holds = !fact.text.starts_with(not_reached) && question.holds(fact);
      auto& whose = seen[fact.text];
      std::string who = fmt::format("{} -> {}", each.client->service, destination_name(*each.outbound));
      if (std::ranges::find(whose, who) == whose.end()) whose.push_back(who);
      if (!any || (!holds && !broken)) explain(each, flow, question, fact, out);
      any = true;
      broken = broken || !holds;
    }
    out.held = any && !broken;
    if (!any) {
      out.seen = "no such call";
      out.why = fmt::format("no Dataplane of {} has an outbound to {}", question.from, question.to);
    }
    for (const auto& [text, whose] : seen)
      out.seen += fmt::format("{}{}{}", out.seen.empty() ? "" : ", ", text,
                              seen.size() == 1 ? "" : fmt::format(" ({})", fmt::join(whose, ", ")));
    return out;
  }

 private:
  std::vector<Asked> asked(const Question& question) const {
    std::vector<Asked> out;
    for (const StillProxy& proxy : deployment_.proxies()) {
      if (question.from != "*" && proxy.service != question.from) continue;
      for (const cp::Outbound& outbound : proxy.view.outbounds) {
        std::string to = destination_name(outbound);
        if (to == proxy.service && question.to == "*") continue;
        if (question.to == "*" || to == question.to) out.push_back({&proxy, &outbound});
      }
    }
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

  void explain(const Asked& each, const CallFacts& flow, const Question& question, const Fact& fact,
               CheckVerdict& out) const {
    const FactKind& kind = fact_kind(question.kind == Question::Kind::share ? FactId::route : question.fact);
    out.why = fact.why;
    out.policies.clear();
    // Routes decide whether a call gets anywhere, not whether it may.
    bool judged = kind.id == FactId::access && (fact.text == "allowed" || fact.text == "denied");
    for (const auto& [type, mesh, name] : origins_of(deployment_, *each.client, *each.outbound, flow, kind)) {
      if ((type == "Mesh" && kind.id != FactId::transport) || (judged && type.ends_with("Route"))) continue;
      out.policies.push_back(type + " " + name);
    }
  }

  const Deployment& deployment_;
  std::set<std::string> services_;
};

}  // namespace

std::set<std::pair<std::string, std::string>> CheckFile::pairs() const {
  std::set<std::pair<std::string, std::string>> out;
  for (const Expected& each : expectations) out.insert({each.question.from, each.question.to});
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
    std::size_t before = wrong.size();
    for (const std::string& name : {each.question.from, each.question.to}) {
      std::string hint;
      if (auto why = by.unknown(name, hint)) wrong.push_back({file.file, each.mark, each.text, *why, hint});
    }
    if (wrong.size() == before) out.verdicts.push_back(by.judge(each));
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
