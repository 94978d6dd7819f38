/// The grammar of scenario files: every field, with one line of text for each.
#include "kumasim/scenario/grammar.hpp"

namespace kumasim::scenario {
namespace {

using Type = Grammar::Type;

GrammarPtr make(Grammar grammar) { return std::make_shared<const Grammar>(std::move(grammar)); }
GrammarPtr text(std::string what, std::string pattern) {
  return make({.type = Type::string, .what = std::move(what), .pattern = std::move(pattern)});
}
GrammarPtr any_text(std::string what) { return text(std::move(what), ""); }
GrammarPtr one_of_words(std::vector<std::string> values) {
  return make({.type = Type::enumeration, .values = std::move(values)});
}
GrammarPtr integer(long long least, long long most) {
  return make({.type = Type::integer, .least = least, .most = most});
}
GrammarPtr list(GrammarPtr element, long long least = 0, long long most = 0) {
  return make({.type = Type::list, .least = least, .most = most, .element = std::move(element)});
}
GrammarPtr map(std::string what, GrammarPtr element) {
  return make({.type = Type::map, .what = std::move(what), .element = std::move(element)});
}
GrammarPtr object(std::vector<GrammarField> fields) {
  return make({.type = Type::object, .fields = std::move(fields)});
}
GrammarPtr exactly_one(std::vector<GrammarField> fields) {
  return make({.type = Type::object, .fields = std::move(fields), .exactly_one = true});
}
GrammarPtr any_of(std::vector<GrammarPtr> alternatives, std::string what = {}) {
  return make({.type = Type::any_of, .what = std::move(what), .alternatives = std::move(alternatives)});
}

GrammarPtr name() {
  return text("a name of small letters, digits and dashes, at most 63", "^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$");
}
GrammarPtr duration() {
  return text("a duration such as 500ms, 20s or 1h30m", "^([0-9]{1,9}(\\.[0-9]{1,9})?(ns|us|ms|s|m|h|d))+$");
}
GrammarPtr span() {
  return any_of({duration(), list(duration(), 2, 2)}, "a duration such as 20s, or a range such as [10s, 120s]");
}
GrammarPtr percent() { return text("a percentage such as 0.5%", "^([0-9]{1,2}(\\.[0-9]{1,4})?|100)%$"); }
GrammarPtr rate() { return text("a rate such as 50/s, 30/m or 2/h", "^[0-9]{1,7}(\\.[0-9]{1,6})?/[smh]$"); }
GrammarPtr tags() { return map("tags: a name and a text each", any_text("text (quote numbers)")); }

GrammarPtr delay() {
  return any_of(
      {span(), object({{"law", one_of_words({"const", "uniform", "exp", "lognormal"}), "how delays are spread", true},
                       {"mean", duration(), "const, exp: the mean"},
                       {"low", duration(), "uniform: the least"},
                       {"high", duration(), "uniform: the most"},
                       {"p50", duration(), "lognormal: the median"},
                       {"p99", duration(), "lognormal: the 99th percentile"}})},
      "a duration, a range, or a law such as {law: exp, mean: 5ms}");
}

GrammarPtr resource() {
  return make({.type = Type::resource, .what = "a Kuma resource (Universal or Kubernetes form), or {file: PATH}"});
}

GrammarPtr service() {
  auto version = object({{"name", name(), "part of the instances' names; by default the tag `version`, else its place"},
                         {"tags", tags(), "tags of the Dataplanes beside kuma.io/service and kuma.io/protocol"},
                         {"instances", integer(0, 1000), "how many", true},
                         {"latency", delay(), "how long the application takes to answer"}});
  auto call = object(
      {{"to", name(), "the service called", true}, {"path", any_text("a path such as /api"), "path of the requests"}});
  return object({{"name", name(), "kuma.io/service", true},
                 {"mesh", name(), "the mesh it is in; default: default"},
                 {"protocol", one_of_words({"http", "http2", "grpc", "tcp"}), "kuma.io/protocol; default: http"},
                 {"port", integer(1, 65535), "inbound port of its Dataplanes; default: 8080"},
                 {"zone", name(), "kuma.io/zone; default: none"},
                 {"tags", tags(), "tags of all its Dataplanes"},
                 {"labels", map("labels: a name and a text each", any_text("text (quote numbers)")),
                  "labels of all its Dataplanes"},
                 {"instances", integer(0, 1000), "how many, where there are no versions; default: 1"},
                 {"versions", list(version, 1), "groups of instances with tags of their own"},
                 {"latency", delay(), "how long the application takes to answer; default: 1ms"},
                 {"calls", list(any_of({name(), call}, "a service, or {to: SERVICE, path: PATH}")),
                  "services that it calls: its outbounds"}});
}

GrammarPtr fault() {
  std::vector<std::string> names{"proc.kill",     "proc.restart", "proc.pause", "proc.resume",
                                 "net.partition", "net.heal",     "net.delay"};
  auto select = object({{"service", name(), "instances of this service", true},
                        {"tags", tags(), "only those with these tags"},
                        {"pick", any_of({integer(1, 1000), one_of_words({"all"})}, "a number, or all"),
                         "how many, drawn by the seed; default: 1"}});
  return object({{"fault", one_of_words(names), "what happens", true},
                 {"at", span(), "when it begins", true},
                 {"for", span(), "how long it lasts; then it is undone (a killed process starts again)"},
                 {"target", name(), "proc.*: a process: a control plane, or an instance such as backend-v1-0"},
                 {"select", select, "proc.*: instances drawn by the seed"},
                 {"between", list(name(), 2, 2), "net.*: two processes, services or control planes"},
                 {"delay", delay(), "net.delay: the new delay of one direction"},
                 {"loss", percent(), "net.delay: part of what is sent that is lost and sent again"}});
}

GrammarPtr expectation() {
  auto that = any_text("an expectation such as no-plaintext or availability(web -> backend) >= 99.9%");
  auto during = object({{"from", duration(), "begin of the window; default: 0s"},
                        {"to", duration(), "end of the window; default: the end"},
                        {"that", that, "what must hold in all of the window", true}});
  auto eventually = object({{"after", duration(), "begin of the window; default: 0s"},
                            {"within", duration(), "length of the window", true},
                            {"that", that, "what must come to hold in the window and hold at its end", true}});
  return exactly_one({{"always", that, "must hold from the start to the end"},
                      {"during", during, "must hold in a window"},
                      {"eventually", eventually, "must come to hold within a time"}});
}

GrammarPtr scenario() {
  auto metadata = object({{"name", name(), "the scenario's name", true},
                          {"description", any_text("text"), "what it shows"},
                          {"tags", list(any_text("a word")), "words to choose scenarios by"}});
  auto control_plane = object({{"name", name(), "process name; default: kuma-cp"},
                               {"settings", map("KUMA_* and KUMASIM_* variables", any_text("text (quote numbers)")),
                                "configuration, as Kuma's environment variables"}});
  auto link = object({{"between", list(name(), 2, 2), "two processes, services or control planes", true},
                      {"delay", delay(), "of one direction"},
                      {"loss", percent(), "part of what is sent that is lost and sent again"}});
  auto topology =
      object({{"controlPlanes", list(control_plane, 1, 1), "default: one, named kuma-cp"},
              {"services", list(service(), 1), "the services and their instances", true},
              {"links", list(link), "delays and losses between processes; default: 0.2ms to 0.3ms, no loss"}});
  auto load = object({{"from", name(), "the calling service", true},
                      {"to", name(), "the called service; must be in the caller's `calls`", true},
                      {"rate", rate(), "calls of all instances together", true},
                      {"law", one_of_words({"const", "poisson"}), "how calls are spread in time; default: poisson"},
                      {"path", any_text("a path such as /api"), "default: that of the caller's `calls`, else /"},
                      {"start", duration(), "default: 0s"},
                      {"end", duration(), "default: the end of the run"}});
  auto removed = object({{"type", any_text("a kind such as Mesh"), "the kind", true},
                         {"mesh", name(), "default: default"},
                         {"name", any_text("a resource's name"), "the name", true}});
  auto change = object({{"at", span(), "when", true},
                        {"apply", resource(), "a resource to create or replace"},
                        {"delete", removed, "a resource to delete"}});
  auto override_ =
      object({{"type", any_text("a kind such as Mesh"), "the kind of the resource", true},
              {"name", any_text("a resource's name"), "its name", true},
              {"set", map("JSON pointers into its spec, and the text to set", any_text("text (quote numbers)")),
               "what to change", true}});
  auto spec =
      object({{"duration", duration(), "length of the run, from the moment when the mesh is up", true},
              {"setup", duration(), "longest time that the mesh may take to come up; default: 60s"},
              {"topology", topology, "what runs", true},
              {"resources", list(resource()), "Kuma resources, applied in this order before the services start"},
              {"overrides", list(override_), "what this run changes in the resources above, which stay as they are"},
              {"load", list(load), "calls made"},
              {"faults", list(fault()), "what goes wrong"},
              {"changes", list(change), "resources applied or deleted during the run"},
              {"expect", list(expectation(), 1), "what must hold", true}});
  return object({{"apiVersion", one_of_words({"kumasim/v1"}), "", true},
                 {"kind", one_of_words({"Scenario"}), "", true},
                 {"metadata", metadata, "name and description", true},
                 {"spec", spec, "the scenario", true}});
}

}  // namespace

const Grammar& scenario_grammar() {
  static const GrammarPtr grammar = scenario();
  return *grammar;
}

nlohmann::json scenario_json_schema() {
  nlohmann::json out = json_schema(scenario_grammar());
  out["$schema"] = "https://json-schema.org/draft/2020-12/schema";
  out["title"] = "A kumasim scenario";
  return out;
}

}  // namespace kumasim::scenario
