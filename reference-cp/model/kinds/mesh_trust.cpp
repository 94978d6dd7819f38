/// MeshTrust: the CAs whose certificates are believed for a trust domain.
#include <algorithm>
#include <array>

#include "reference-cp/model/kinds.hpp"
#include "reference-cp/model/pem.hpp"
#include "reference-cp/model/rules/values.hpp"

namespace kumasim::cp {
namespace {

using namespace schema;
using nlohmann::json;

constexpr std::array<std::string_view, 5> keys = {"PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY", "DSA PRIVATE KEY",
                                                  "ENCRYPTED PRIVATE KEY"};

void validate(const Resource& resource, Violations& out) {
  const Path path("spec");
  const json& bundles = at(resource.spec, "caBundles");
  for (std::size_t i = 0; i < bundles.size(); ++i) {
    Path place = path.at("caBundles").at(i).at("pem");
    if (!has(bundles[i], "pem")) {
      out.add(place, "must be defined");
      continue;
    }
    const std::string text = text_at(at(bundles[i], "pem"), "value");
    const std::optional<PemBlock> first = PemReader(text).next();
    if (!first || std::ranges::find(keys, first->type) != keys.end())
      out.add(place.at("value"), "provided certificate has incorrect format");
  }
  std::string domain = text_at(resource.spec, "trustDomain");
  if (domain.empty()) out.add(path.at("trustDomain"), "trustDomain needs to be defined");
  if (domain.size() > 253) out.add(path.at("trustDomain"), "must not be longer than 253 characters");
}

}  // namespace

const Kind& kind::mesh_trust() {
  static const Kind out = [] {
    KindTable table;
    table.type = "MeshTrust";
    table.path = table.plural = "meshtrusts";
    table.singular = "meshtrust";
    table.singular_text = "Mesh Trust";
    table.plural_text = "Mesh Trusts";
    table.short_name = "mtrust";
    table.text = "The CAs that are believed for a trust domain.";
    table.kds = {.global_to_zones = true, .zone_to_global = true};
    SchemaPtr bundle = object({
        required({"type", enumeration({"Pem"}), "which of the fields below is meant"}),
        {"pem", object({required({"value", string(), "the certificates"})}), "certificates in PEM"},
    });
    table.schema = object({
        {"origin", object({{"kri", string(), "resource identifier of its MeshIdentity"}}), "what it was made from"},
        required({"trustDomain", text(0, 253), "the trust domain"}),
        required({"caBundles", list(bundle, 1, INT32_MAX), "certificates of the CAs"}),
    });
    table.validate = validate;
    return Kind(std::move(table));
  }();
  return out;
}

}  // namespace kumasim::cp
