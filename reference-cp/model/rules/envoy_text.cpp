/// Two kinds have such texts; their rules note them on the way.
#include "reference-cp/model/rules/envoy_text.hpp"

#include "reference-cp/model/kinds.hpp"
#include "reference-cp/model/rules/proxy_patch.hpp"
#include "reference-cp/model/rules/proxy_template.hpp"

namespace kumasim::cp {

EnvoyTexts envoy_texts(const Resource& resource) {
  Violations unused;
  EnvoyTexts out;
  if (resource.kind == &kind::mesh_proxy_patch()) validate_proxy_patch(resource, unused, out);
  if (resource.kind == &kind::proxy_template()) validate_proxy_template(resource, unused, out);
  return out;
}

void validate_with_texts(const Resource& resource, const EnvoyTextError& error, Violations& out) {
  Violations found;
  resource.kind->validate(resource, found);
  std::size_t done = 0;
  auto take_until = [&](std::size_t end) {
    for (; done < end; ++done) out.add(Path(found.list()[done].field), found.list()[done].message);
  };
  for (const EnvoyText& text : envoy_texts(resource)) {
    take_until(text.place);
    if (std::string why = error(text); !why.empty()) out.add(text.path, "native Envoy resource is not valid: " + why);
  }
  take_until(found.size());
}

}  // namespace kumasim::cp
