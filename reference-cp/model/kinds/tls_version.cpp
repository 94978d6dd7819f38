/// Versions of TLS.
#include "reference-cp/model/kinds/tls_version.hpp"

#include "reference-cp/model/rules/values.hpp"

namespace kumasim::cp {

using namespace schema;

SchemaPtr tls_version_schema() {
  static const SchemaPtr out = [] {
    SchemaPtr version = enumeration({"TLSAuto", "TLS10", "TLS11", "TLS12", "TLS13"});
    return object({
        fallback({"min", version, "the least version"}, "TLSAuto"),
        fallback({"max", version, "the greatest version"}, "TLSAuto"),
    });
  }();
  return out;
}

void validate_tls_version(const nlohmann::json& version, const Path& path, Violations& out) {
  std::string least = text_at(version, "min"), greatest = text_at(version, "max");
  if (least.empty() || greatest.empty() || least == "TLSAuto" || greatest == "TLSAuto") return;
  if (least > greatest) out.add(path.at("min"), "min version must be lower than max");
}

}  // namespace kumasim::cp
