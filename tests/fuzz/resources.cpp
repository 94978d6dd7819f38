/// Resources as people and programs send them: JSON and YAML, their shape, their kind's rules, and all that prints
/// them.
#include <string>
#include <string_view>

#include "check.hpp"
#include "reference-cp/model/codec.hpp"
#include "reference-cp/model/json_text.hpp"
#include "reference-cp/model/kinds.hpp"
#include "reference-cp/model/yaml.hpp"

namespace kumasim::cp {
namespace {

using fuzz::hold;

/// What was taken once is taken again from its own print, and is the same.
void check_taken(const Resource& resource) {
  auto printed = resource_to_json(resource);
  auto again = decode_shape(*resource.kind, printed, UnknownFields::refuse);
  hold(again.has_value(), "a printed resource is read", again ? "" : again.error().text() + "\n" + printed.dump());
  hold(again->spec == resource.spec && again->meta.name == resource.meta.name &&
           again->meta.mesh == resource.meta.mesh && again->meta.labels == resource.meta.labels,
       "a printed resource reads as what it was", printed.dump() + "\n" + resource_to_json(*again).dump());
  Resource filled = resource;
  resource.kind->fill(filled);
  (void)resource.kind->warnings(filled);
  (void)resource_to_kubernetes(resource, "ns").dump();
  auto yaml = parse_yaml(print_yaml(printed), "printed.yaml");
  hold(yaml.has_value(), "printed YAML is read", print_yaml(printed));
  hold(yaml->size() == 1 && yaml->front().value == printed, "printed YAML reads as what it was", print_yaml(printed));
}

void check_body(const nlohmann::json& body) {
  auto form = universal_form(body);
  if (form) {
    // As REST does it: unknown fields are dropped, and rules are looked at even where a person would be stopped before.
    auto loose = decode(*form->kind, form->body, UnknownFields::drop);
    if (!loose) (void)loose.error().error();
  }
  auto resource = resource_from_json(body);
  if (resource) check_taken(*resource);
}

}  // namespace
}  // namespace kumasim::cp

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace kumasim::cp;
  std::string_view text(reinterpret_cast<const char*>(data), size);
  if (auto body = parse_json(text)) check_body(*body);
  if (auto resources = resources_from_yaml(text, "input.yaml"))
    for (const Resource& resource : *resources) check_taken(resource);
  return 0;
}
