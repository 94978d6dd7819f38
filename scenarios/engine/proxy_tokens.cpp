#include "scenarios/engine/proxy_tokens.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "reference-cp/auth/jwt.hpp"
#include "reference-cp/auth/signing_keys.hpp"
#include "reference-cp/identity/base64.hpp"

namespace kumasim::scenario {

nlohmann::json revocation_of(const std::string& mesh, const std::vector<std::string>& tokens) {
  std::vector<std::string> ids;
  for (const std::string& token : tokens) {
    auto parsed = cp::parse_jwt(token);
    auto id = parsed ? cp::text_claim(parsed->claims, "jti") : std::string();
    if (id && !id->empty()) ids.push_back(*id);
  }
  return {{"type", "Secret"},
          {"mesh", mesh},
          {"name", cp::dataplane_token_keys(mesh).revocations},
          {"data", cp::base64_encode(fmt::format("{}", fmt::join(ids, ",")))}};
}

}  // namespace kumasim::scenario
