#include "reference-cp/xds/kri.hpp"

#include <utility>

#include <fmt/format.h>

#include "reference-cp/model/kind.hpp"
#include "reference-cp/model/kinds.hpp"

namespace kumasim::cp {

Kri Kri::of(const Resource& resource, std::string section) {
  const Meta& meta = resource.meta;
  std::string display = meta.label("kuma.io/display-name");
  return {resource.kind->type(), meta.mesh, meta.label("kuma.io/zone"), meta.label("k8s.kuma.io/namespace"),
          display.empty() ? meta.name : display, std::move(section)};
}

Kri Kri::without_section() const { return with_section({}); }

Kri Kri::with_section(std::string section) const {
  Kri copy = *this;
  copy.section = std::move(section);
  return copy;
}

std::string Kri::to_string() const {
  if (empty()) return {};
  const Kind* kind = find_kind(type);
  return fmt::format("kri_{}_{}_{}_{}_{}_{}", kind ? kind->short_name() : type, mesh, zone, ns, name, section);
}

}  // namespace kumasim::cp
