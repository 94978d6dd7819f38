#include "scenarios/engine/proxy_tokens.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "reference-cp/auth/jwt.hpp"
#include "reference-cp/auth/signing_keys.hpp"
#include "reference-cp/identity/base64.hpp"

namespace kumasim::scenario {
namespace {

/// Of a Secret; none where there is no Secret.
std::set<std::string> ids_of(const nlohmann::json& secret) {
  std::set<std::string> out;
  std::string text = secret.is_null() ? "" : cp::base64_decode(secret.value("data", "")).value_or("");
  for (std::size_t at = 0; at < text.size();) {
    std::size_t end = std::min(text.find_first_of(",\n", at), text.size());
    if (end > at) out.insert(text.substr(at, end - at));
    at = end + 1;
  }
  return out;
}

}  // namespace

std::string token_id(const std::string& token) {
  auto parsed = cp::parse_jwt(token);
  return parsed ? cp::text_claim(parsed->claims, "jti").value_or("") : "";
}

void TokenRevocations::set(const std::string& mesh, std::set<std::string> ids) {
  Mesh& of = meshes_[mesh];
  of.wanted = std::move(ids);
  if (of.busy)
    of.again = true;
  else
    write(mesh);
}

void TokenRevocations::write(const std::string& mesh) {
  meshes_[mesh].busy = true;
  std::string name = cp::dataplane_token_keys(mesh).revocations;
  operator_.read("", {"Secret", mesh, name}, [this, mesh, name](const nlohmann::json& now) {
    Mesh& of = meshes_[mesh];
    std::set<std::string> ids = ids_of(now);
    for (const std::string& id : of.written) ids.erase(id);
    ids.insert(of.wanted.begin(), of.wanted.end());
    of.written = of.wanted;
    nlohmann::json secret{{"type", "Secret"},
                          {"mesh", mesh},
                          {"name", name},
                          {"data", cp::base64_encode(fmt::format("{}", fmt::join(ids, ",")))}};
    operator_.apply("", secret, [this, mesh](const std::string& problem) { written(mesh, problem); });
  });
}

void TokenRevocations::written(const std::string& mesh, const std::string& problem) {
  if (!problem.empty()) refused_(mesh, problem);
  Mesh& of = meshes_[mesh];
  of.busy = false;
  if (std::exchange(of.again, false)) write(mesh);
}

}  // namespace kumasim::scenario
