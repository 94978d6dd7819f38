/// The shape of Isotope's topologies: istio/tools, isotope/README.md and convert/pkg/graph.
#include "scenarios/engine/isotope_grammar.hpp"

namespace kumasim::scenario {
namespace {

using Type = Grammar::Type;

GrammarPtr make(Grammar grammar) { return std::make_shared<const Grammar>(std::move(grammar)); }
GrammarPtr text(std::string what, std::string pattern = {}) {
  return make({.type = Type::string, .what = std::move(what), .pattern = std::move(pattern)});
}
GrammarPtr integer(long long least, long long most) {
  return make({.type = Type::integer, .least = least, .most = most});
}
GrammarPtr any_of(std::vector<GrammarPtr> alternatives, std::string what) {
  return make({.type = Type::any_of, .what = std::move(what), .alternatives = std::move(alternatives)});
}
GrammarPtr list(GrammarPtr element) { return make({.type = Type::list, .element = std::move(element)}); }
GrammarPtr object(std::vector<GrammarField> fields) {
  return make({.type = Type::object, .fields = std::move(fields)});
}

/// What docker's units.RAMInBytes reads: multiples of 1024, whatever the unit is called.
GrammarPtr size() {
  return any_of({integer(0, 1 << 30), text("", "^[0-9]+(\\.[0-9]+)? ?[kKmMgG]?i?[bB]?$")},
                "a size such as 128, 10K or 1 KB");
}
GrammarPtr percent() {
  return any_of({make({.type = Type::number, .least = 0, .most = 1}), text("", "^[0-9]+(\\.[0-9]+)?%$")},
                "a percentage such as 0.01%, or a part such as 0.0001");
}

GrammarPtr script() {
  auto call = object({{"service", text("the name of a service"), "", true},
                      {"size", size(), ""},
                      {"payloadSize", size(), ""},
                      {"probability", integer(0, 100), ""},
                      {"hostname", text("text"), ""},
                      {"call-override", text("text"), ""}});
  auto step =
      make({.type = Type::object,
            .fields = {{"sleep", text("a duration such as 100ms", "^([0-9]+(\\.[0-9]+)?(ns|us|ms|s|m|h))+$"), ""},
                       {"call", any_of({text("the name of a service"), call}, "a service, or {service: NAME}"), ""}},
            .exactly_one = true});
  return list(any_of({step, list(step)}, "{sleep: TIME}, {call: SERVICE}, or a list of these, without further lists"));
}

std::vector<GrammarField> common() {
  return {{"type", make({.type = Type::enumeration, .values = {"http", "grpc"}}), ""},
          {"numReplicas", integer(0, 1000), ""},
          {"errorRate", percent(), ""},
          {"responseSize", size(), ""},
          {"script", script(), ""},
          {"numRbacPolicies", integer(0, 1'000'000), ""}};
}

}  // namespace

const Grammar& isotope_grammar() {
  static const GrammarPtr grammar = [] {
    auto defaults = common();
    defaults.push_back({"requestSize", size(), ""});
    auto service = common();
    service.push_back(
        {"name", text("a name of small letters, digits and dashes, at most 63", "^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$"),
         "", true});
    service.push_back({"isEntrypoint", make({.type = Type::boolean}), ""});
    service.push_back({"cluster", text("text"), ""});
    service.push_back({"namespace", text("text"), ""});
    return object({{"apiVersion", text("text"), ""},
                   {"kind", make({.type = Type::enumeration, .values = {"MockServiceGraph"}}), ""},
                   {"defaults", object(defaults), ""},
                   {"services", list(object(service)), "", true}});
  }();
  return *grammar;
}

}  // namespace kumasim::scenario
