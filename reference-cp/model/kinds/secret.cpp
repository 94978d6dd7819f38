/// Secret and GlobalSecret: bytes that only admins may read: keys, certificates, tokens' signing keys.
#include "reference-cp/model/kinds.hpp"
#include "reference-cp/model/kinds/old_policy.hpp"

namespace kumasim::cp {
namespace {

KindTable secret_table(std::string type, std::string singular, std::string plural) {
  KindTable table = flat_table(std::move(type), std::move(singular), std::move(plural), "");
  table.admin_only = true;
  table.kds = {.global_to_zones = true, .provided_by_zone = true};
  table.schema = schema::message("kuma.system.v1alpha1.Secret",
                                 {{"data", schema::wrapper(schema::bytes()), "the bytes, in base64"}});
  return table;
}

}  // namespace

const Kind& kind::secret() {
  static const Kind out = [] {
    KindTable table = secret_table("Secret", "secret", "secrets");
    table.text = "Bytes of a mesh that only admins may read.";
    return Kind(std::move(table));
  }();
  return out;
}

const Kind& kind::global_secret() {
  static const Kind out = [] {
    KindTable table = secret_table("GlobalSecret", "globalsecret", "globalsecrets");
    table.text = "Bytes of the control plane that only admins may read.";
    table.scope = Scope::global;
    table.path_old = "global-secrets";
    return Kind(std::move(table));
  }();
  return out;
}

}  // namespace kumasim::cp
