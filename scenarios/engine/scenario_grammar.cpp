/// The grammar of scenario files: every field, with one line of text for each.
#include "kumasim/scenario/grammar.hpp"
#include "kumasim/scenario/grpc_names.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "kumasim/chaos/fault_kind.hpp"
#include "kumasim/scenario/event.hpp"
#include "kumasim/scenario/scenario.hpp"

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
GrammarPtr boolean() { return make({.type = Type::boolean}); }
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
GrammarPtr percent() { return text("a percentage such as 0.5%", "^([0-9]{1,2}(\\.[0-9]{1,4})?|100(\\.0{1,4})?)%$"); }
GrammarPtr rate() { return text("a rate such as 50/s, 30/m or 2/h", "^[0-9]{1,12}(\\.[0-9]{1,6})?/[smh]$"); }
GrammarPtr tags() { return map("tags: a name and a text each", any_text("text (quote numbers)")); }

GrammarPtr delay() {
  return any_of(
      {span(), object({{"law", one_of_words({"const", "uniform", "exp", "lognormal", "normal", "bimodal", "trace"}),
                        "how delays are spread", true},
                       {"mean", duration(), "const, exp, normal: the mean"},
                       {"deviation", duration(), "normal: the standard deviation; what would be below 0s is 0s"},
                       {"fast", duration(), "bimodal: most of them"},
                       {"slow", duration(), "bimodal: the others"},
                       {"share", percent(), "bimodal: how many are slow"},
                       {"low", duration(), "uniform: the least"},
                       {"high", duration(), "uniform: the most"},
                       {"p50", duration(), "lognormal: the median"},
                       {"p99", duration(), "lognormal: the 99th percentile"},
                       {"file", any_text("a path beside this file"),
                        "trace: a file of measured delays, one a line such as 12.5ms; each is one of them"}})},
      "a duration, a range, or a law such as {law: exp, mean: 5ms}");
}

GrammarPtr resource() {
  return make({.type = Type::resource,
               .what = "a Kuma resource (Universal or Kubernetes form), or {file: PATH}; {zone: ZONE, resource: ...} "
                       "or {zone: ZONE, file: PATH} where the control plane of a zone is told"});
}

GrammarPtr size() { return text("a size such as 512B, 16KiB or 1MiB", "^[0-9]{1,9}(B|KiB|MiB)$"); }
GrammarPtr factor() { return integer(1, 10'000); }

GrammarPtr method() { return text("a method of HTTP such as POST", "^[A-Z]{1,20}$"); }
GrammarPtr headers() { return map("headers: a name and a text each", any_text("text (quote numbers)")); }

GrammarPtr retries() {
  auto full =
      object({{"max", integer(0, 100), "how often at most, after the first try", true},
              {"backoff", duration(), "the first is drawn from 0s to this, doubled each time; default: 25ms"},
              {"backoffMax", duration(), "the longest; default: ten times the first"},
              {"budget", percent(), "part of a retry that each call earns, ten are saved up; default: no limit"}});
  return any_of({integer(0, 100), full}, "a number, or {max: 4, backoff: 100ms, budget: 10%}");
}

GrammarPtr script() {
  auto call = object({{"to", name(), "the service called; must be in the caller's `calls`", true},
                      {"path", any_text("a path such as /api"), "default: that of the caller's `calls`, else /"},
                      {"method", method(), "default: GET; of gRPC always POST"},
                      {"headers", headers(), "of the requests"},
                      {"times", integer(1, 10'000), "how often; default: 1"},
                      {"atOnce", boolean(), "all of them together; default: one after the other"},
                      {"probability", percent(), "how often it is made at all; default: 100%"},
                      {"size", size(), "of the request's body; default: 0B"},
                      {"timeout", duration(), "of each try; default: 10s"},
                      {"retries", retries(), "after no answer, or one of 500 and above; default: 0"}});
  auto step = exactly_one({{"sleep", delay(), "waits"},
                           {"call", any_of({name(), call}, "a service, or {to: SERVICE, ...}"), "calls a service"}});
  return list(any_of({step, list(step, 1)}, "{sleep: TIME}, {call: SERVICE}, or a list of these to do side by side"));
}

/// What a service says of its application, and each of its versions may say otherwise.
std::vector<GrammarField> application() {
  auto errors = object(
      {{"rate", percent(), "how many", true},
       {"status", integer(400, 599), "of HTTP; default: 503"},
       {"grpcStatus", one_of_words({grpc_names.begin() + 1, grpc_names.end()}),
        "of a service with protocol grpc; default: what Envoy takes `status` for, such as Unavailable for 503"}});
  auto brownout = object({{"fraction", percent(), "how many requests", true},
                          {"factor", factor(), "how many times as long they take", true}});
  auto slowness = object({{"every", duration(), "mean time from the end of a slow period to the next", true},
                          {"for", duration(), "mean length of a slow period", true},
                          {"factor", factor(), "how many times as long requests take that begin in one", true},
                          {"shared", boolean(), "all instances are slow at the same times; default: true"}});
  return {{"latency", delay(), "how long the application takes to answer; default: 1ms"},
          {"concurrency", integer(1, 1'000'000), "requests that an instance works on at a time; default: no limit"},
          {"capacity", rate(), "requests that an instance begins at most; default: no limit"},
          {"queue", integer(0, 1'000'000), "requests that wait for their turn at most; default: no limit"},
          {"overflow", one_of_words({"refuse", "drop"}), "one more gets 503, or no answer; default: refuse"},
          {"errors", any_of({percent(), errors}, "a percentage, or {rate: 1%, status: 500}"),
           "requests that it answers with an error after its latency"},
          {"brownout", brownout, "some requests take longer"},
          {"slowness", slowness, "all requests take longer in periods that the seed draws"},
          {"responseSize", size(), "of the answer's body; default: none to speak of"},
          {"script", script(), "what a request makes it do before it answers; default: nothing"}};
}

std::vector<GrammarField> joined(std::vector<GrammarField> a, const std::vector<GrammarField>& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

GrammarPtr service() {
  auto version =
      object(joined({{"name", name(), "part of the instances' names; by default the tag `version`, else its place"},
                     {"tags", tags(), "tags of the Dataplanes beside kuma.io/service and kuma.io/protocol"},
                     {"zone", name(), "of `topology.zones`, in place of the service's"},
                     {"instances", integer(0, 1000), "how many", true}},
                    application()));
  auto backend_ref = object(
      {{"kind", one_of_words({"MeshService", "MeshMultiZoneService"}), "of the destination", true},
       {"name", name(), "in the caller's zone: what other control planes gave it has a hash there, so by labels"},
       {"labels", map("labels: a name and a text each", any_text("text (quote numbers)")),
        "such as kuma.io/display-name and kuma.io/zone"},
       {"port", integer(1, 65535), "default: the service's"}});
  auto call = object({{"to", name(), "the service called", true},
                      {"path", any_text("a path such as /api"), "path of the requests"},
                      {"backendRef", backend_ref,
                       "what the outbound names; default: the MeshService of the caller's zone where the mesh's "
                       "meshServices.mode is Exclusive, else the kuma.io/service"}});
  return object(joined(
      {{"name", name(), "kuma.io/service", true},
       {"mesh", name(), "the mesh it is in; default: default"},
       {"protocol", one_of_words({"http", "http2", "grpc", "tcp"}), "kuma.io/protocol; default: http"},
       {"port", integer(1, 65535), "inbound port of its Dataplanes; default: 8080"},
       {"zone", name(), "kuma.io/zone: with `topology.zones` one of these; default: none"},
       {"zones", list(name(), 1), "several zones, in each of which are as many instances"},
       {"tags", tags(), "tags of all its Dataplanes"},
       {"labels", map("labels: a name and a text each", any_text("text (quote numbers)")),
        "labels of all its Dataplanes"},
       {"instances", integer(0, 1000), "how many, where there are no versions; default: 1"},
       {"versions", list(version, 1), "groups of instances with tags of their own"},
       {"calls", list(any_of({name(), call}, "a service, or {to: SERVICE, path: PATH, backendRef: DESTINATION}")),
        "services that it calls: its outbounds"}},
      application()));
}

GrammarPtr parameter_shape(const fault::Parameter& parameter) {
  using Kind = fault::Parameter::Type;
  auto or_range = [](GrammarPtr one, std::string what) { return any_of({one, list(one, 2, 2)}, std::move(what)); };
  switch (parameter.type) {
    case Kind::duration: return span();
    case Kind::offset:
      return or_range(text("a duration such as 20s or -5m", "^-?([0-9]{1,9}(\\.[0-9]{1,9})?(ns|us|ms|s|m|h|d))+$"),
                      "a duration such as 20s or -5m, or a range such as [-5m, 5m]");
    case Kind::percent: return or_range(percent(), "a percentage such as 0.5%, or a range such as [0%, 0.5%]");
    case Kind::number:
      return or_range(integer(parameter.least, parameter.most),
                      fmt::format("a whole number from {} to {}, or a range of them", parameter.least, parameter.most));
    case Kind::delay: return delay();
    case Kind::word: return one_of_words({parameter.words.begin(), parameter.words.end()});
    case Kind::text: return any_text("text");
  }
  return any_text("text");
}

/// One name of a parameter, of all kinds that have it.
struct SharedParameter {
  std::string_view name;
  std::vector<const fault::Parameter*> shapes = {};                         // those that differ
  std::vector<std::pair<const fault::Parameter*, std::string>> texts = {};  // those that differ -> the kinds

  void add(const fault::Kind& kind, const fault::Parameter& parameter) {
    bool known = std::ranges::any_of(shapes, [&](const fault::Parameter* other) {
      return other->type == parameter.type && other->words == parameter.words && other->least == parameter.least &&
             other->most == parameter.most;
    });
    if (!known) shapes.push_back(&parameter);
    auto said = std::ranges::find_if(texts, [&](const auto& text) { return text.first->text == parameter.text; });
    if (said == texts.end())
      texts.emplace_back(&parameter, kind.name);
    else
      said->second += ", " + std::string(kind.name);
  }

  GrammarField field() const {
    std::vector<GrammarPtr> alternatives;
    for (const fault::Parameter* shape : shapes) alternatives.push_back(parameter_shape(*shape));
    std::string line;
    for (const auto& [parameter, kinds] : texts) {
      std::string fallback = parameter->fallback.empty() ? "" : fmt::format(" (default: {})", parameter->fallback);
      line += fmt::format("{}{}: {}{}", line.empty() ? "" : "; ", kinds, parameter->text, fallback);
    }
    return {std::string(name), alternatives.size() == 1 ? alternatives[0] : any_of(alternatives), std::move(line)};
  }
};

std::vector<SharedParameter> parameters_of_faults() {
  std::vector<SharedParameter> out;
  for (const fault::Kind& kind : fault::kinds()) {
    for (const fault::Parameter& parameter : kind.parameters) {
      auto shared = std::ranges::find(out, parameter.name, &SharedParameter::name);
      if (shared == out.end()) shared = out.insert(out.end(), SharedParameter{parameter.name});
      shared->add(kind, parameter);
    }
  }
  return out;
}

GrammarPtr fault() {
  std::vector<std::string> names, events;
  for (const fault::Kind& kind : fault::kinds()) names.emplace_back(kind.name);
  for (const EventKind& event : event_kinds()) events.emplace_back(event.name);
  auto select = object({{"service", name(), "instances of this service; default: of any"},
                        {"zone", name(), "only those with this kuma.io/zone"},
                        {"tags", tags(), "only those with these tags"},
                        {"pick", any_of({integer(1, 1000), one_of_words({"all"})}, "a number, or all"),
                         "how many, drawn by the seed; default: 1"}});
  auto when = object({{"event", one_of_words(events), "what must happen (kumasim faults)", true},
                      {"where", tags(), "what fields of the event must be: {process: web-0}"},
                      {"occurrence", any_of({integer(1, 1'000'000), one_of_words({"all"})}, "a number, or all"),
                       "which of them, counted from the start of the run; all: each; default: 1"},
                      {"after", span(), "from the event to the fault; default: 0s"}});
  auto target = any_of({name(), one_of_words({std::string(Fault::of_event)})}, "a process, or $event");
  std::vector<GrammarField> fields{
      {"fault", one_of_words(names), "what happens (kumasim faults)", true},
      {"at", span(), "when it begins"},
      {"when", when, "in place of `at`: the event that it follows"},
      {"every", span(), "it strikes again and again, with this time from one to the next"},
      {"for", span(), "how long it lasts; then it is undone (a killed process starts again)"},
      {"target", target,
       "a process: a control plane, a store that replicas share, or an instance such as backend-v1-0; a zone or a "
       "region: all that is in it; a Global of several replicas: all of these; "
       "$event: "
       "the one that the event is about"},
      {"select", select, "instances drawn by the seed"},
      {"between", list(name(), 2, 2), "net.*, tcp.*: two processes, services, zones or regions"}};
  for (const SharedParameter& parameter : parameters_of_faults()) fields.push_back(parameter.field());
  return object(std::move(fields));
}

GrammarPtr expectation() {
  auto that = any_text("an expectation such as no-plaintext or availability(web -> backend) >= 99.9%");
  auto during = object({{"from", duration(), "begin of the window; default: 0s"},
                        {"to", duration(), "end of the window; default: the end"},
                        {"that", that, "what must hold in all of the window", true}});
  auto eventually = object({{"after", duration(), "begin of the window; default: 0s"},
                            {"within", duration(), "length of the window", true},
                            {"that", that, "what must come to hold in the window and hold at its end", true}});
  auto usually = object({{"share", percent(), "the least part of the runs; default: 99%"},
                         {"confidence", percent(), "how sure the exploration must be of it; default: 95%"},
                         {"from", duration(), "begin of the window; default: 0s"},
                         {"to", duration(), "end of the window; default: the end"},
                         {"that", that, "what must hold in all of the window", true}});
  return exactly_one(
      {{"always", that, "must hold from the start to the end"},
       {"during", during, "must hold in a window"},
       {"eventually", eventually, "must come to hold within a time"},
       {"sometimes", that, "must hold at some time of some run of `kumasim explore`; fails no single run"},
       {"usually", usually, "must hold in most runs of `kumasim explore`; fails no single run"}});
}

GrammarPtr swarm() {
  std::vector<std::string> kinds;
  for (const chaos::FaultKind& kind : chaos::fault_kinds()) kinds.push_back(kind.name);
  auto count = [](std::string what, long long least, long long most) {
    return any_of({integer(least, most), text(std::move(what), "^[0-9]{1,3}\\.\\.[0-9]{1,3}$")});
  };
  return object(
      {{"pick", count("a range such as 0..3", 0, 100), "how many faults a seed gets; default: 0..3"},
       {"from", list(one_of_words(kinds), 1), "kinds of faults that it may get; default: all that can be drawn"},
       {"instances",
        map("services, and how many instances each of their groups may have", count("a range such as 1..3", 1, 999)),
        "default: as many as in the topology, up to two more"},
       {"delay", span(), "of one direction of a link; default: [100us, 10ms]"},
       {"budget", one_of_words({"recoverable", "none"}),
        "recoverable: no more than a mesh must survive; none: anything, and only safety is judged. Default: "
        "recoverable"}});
}

GrammarPtr liveness() {
  return object({{"after", duration(), "when all faults end, and after which none may begin", true},
                 {"heal", one_of_words({"all"}), "what is healed: all faults that last; default: all"},
                 {"within", duration(), "the mesh must have converged so long after it", true}});
}

GrammarPtr scenario() {
  auto metadata = object({{"name", name(), "the scenario's name", true},
                          {"description", any_text("text"), "what it shows"},
                          {"tags", list(any_text("a word")), "words to choose scenarios by"}});
  auto control_plane = [](const char* process) {
    return object({{"name", name(), process},
                   {"settings", map("KUMA_* and KUMASIM_* variables", any_text("text (quote numbers)")),
                    "configuration, as Kuma's environment variables"},
                   {"replicas", integer(1, 9),
                    "how many: with more than one they are named NAME-1 and so on, and share a store, NAME-store; "
                    "default: 1"}});
  };
  auto link =
      object({{"between", list(name(), 2, 2), "two processes, services, control planes, zones or regions", true},
              {"delay", delay(), "of one direction"},
              {"loss", percent(), "part of what is sent that is lost and sent again"}});
  auto zone = object({{"name", name(), "kuma.io/zone, and in `between` and `target` all that is in the zone", true},
                      {"region", name(), "in `between` and `target` all that is in its zones; default: none"},
                      {"controlPlane", control_plane("process name; default: kuma-cp-ZONE"), "the zone's own"},
                      {"ingresses", integer(0, 9), "how many, named ingress-ZONE-0 and so on; default: 1"},
                      {"egresses", integer(0, 1), "how many, named egress-ZONE-0; default: 0"}});
  auto topology =
      object({{"controlPlanes", list(control_plane("process name; default: kuma-cp"), 1, 1),
               "default: one, named kuma-cp; not beside `zones`"},
              {"global", control_plane("process name; default: global"),
               "the control plane above those of `zones`; default: one, named global"},
              {"zones", list(zone, 1), "zones, each with a control plane of its own; default: all is in one zone"},
              {"services", list(service(), 1), "the services and their instances", true},
              {"links", list(link), "delays and losses between processes; default: 0.2ms to 0.3ms, no loss"}});
  auto load = object({{"from", name(), "the calling service", true},
                      {"to", name(), "the called service; must be in the caller's `calls`", true},
                      {"rate", rate(), "open load: calls of all instances together, however long the answers take"},
                      {"law", one_of_words({"const", "poisson"}), "how calls are spread in time; default: poisson"},
                      {"users", integer(1, 100'000), "closed load: so many users, who each wait for the answer"},
                      {"think", delay(), "how long a user thinks before each call; default: 0s"},
                      {"timeout", duration(), "how long the client waits for each try; default: 10s"},
                      {"retries", retries(), "after no answer, or one of 500 and above; default: 0"},
                      {"path", any_text("a path such as /api"), "default: that of the caller's `calls`, else /"},
                      {"method", method(), "default: GET; of gRPC always POST"},
                      {"headers", headers(), "of the requests"},
                      {"start", duration(), "default: 0s"},
                      {"end", duration(), "default: the end of the run"}});
  auto removed = object({{"type", any_text("a kind such as Mesh"), "the kind", true},
                         {"mesh", name(), "default: default"},
                         {"name", any_text("a resource's name"), "the name", true}});
  auto change = object({{"at", span(), "when", true},
                        {"zone", name(), "the zone whose control plane is told; default: Global, or the only one"},
                        {"apply", resource(), "a resource to create or replace"},
                        {"delete", removed, "a resource to delete"}});
  auto override_ =
      object({{"type", any_text("a kind such as Mesh"), "the kind of the resource", true},
              {"name", any_text("a resource's name"), "its name", true},
              {"set", map("JSON pointers into its spec, and the text to set", any_text("text (quote numbers)")),
               "what to change", true}});
  auto spec = object(
      {{"duration", duration(), "length of the run, from the moment when the mesh is up", true},
       {"start", any_text("a time such as 2026-01-01T00:00:00Z"),
        "when the simulated world begins, by its clocks; the live world begins now; default: 2026-01-01T00:00:00Z"},
       {"setup", duration(), "longest time that the mesh may take to come up; default: 60s"},
       {"topology", topology, "what runs", true},
       {"resources", list(resource()), "Kuma resources, applied in this order before the services start"},
       {"overrides", list(override_), "what this run changes in the resources above, which stay as they are"},
       {"load", list(load), "calls made"},
       {"faults", list(fault()), "what goes wrong"},
       {"changes", list(change), "resources applied or deleted during the run"},
       {"swarm", swarm(), "what `kumasim explore` may draw for each seed; a plain run draws none of it"},
       {"liveness", liveness(), "the time after which the mesh must recover from all faults"},
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
