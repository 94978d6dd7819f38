/// A store with the keys of each kind of token, an issuer and a clock that tests move.
#pragma once

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "kumasim/sim/seeded_random.hpp"
#include "reference-cp/auth/issuer.hpp"
#include "reference-cp/auth/validator.hpp"
#include "reference-cp/identity/base64.hpp"
#include "reference-cp/identity/certificate.hpp"
#include "reference-cp/model/kinds.hpp"
#include "reference-cp/store/memory.hpp"
#include "store/run_now.hpp"

namespace kumasim::cp::testing {

class MovedClock : public Clock {
 public:
  WallTime wall_now() const override { return time; }
  MonotonicTime now() const override { return MonotonicTime{}; }

  WallTime time{std::chrono::seconds(1'800'000'000)};
};

struct AuthBed {
  AuthBed() {
    put(kind::mesh(), "", "default", nlohmann::json::object());
    add_key(dataplane_token_keys("default"), "1", {});
    add_key(zone_token_keys(), "1", {});
    add_key(user_token_keys(), "1", {});
  }

  void put(const Kind& kind, std::string mesh, std::string name, nlohmann::json spec) {
    Resource resource;
    resource.kind = &kind;
    resource.meta.mesh = std::move(mesh);
    resource.meta.name = std::move(name);
    resource.spec = std::move(spec);
    auto stored = run_now(store.create(std::move(resource), clock.wall_now()));
    ASSERT_TRUE(stored) << stored.error().message;
  }

  void put_secret(const std::string& mesh, std::string name, std::string_view bytes) {
    put(mesh.empty() ? kind::global_secret() : kind::secret(), mesh, std::move(name), {{"data", base64_encode(bytes)}});
  }

  void add_key(const KeyFamily& family, const std::string& id, KeySpec spec) {
    put_secret(family.mesh, family.prefix + "-" + id, *make_key_pem(spec));
  }

  void remove(const Kind& kind, std::string mesh, std::string name) {
    ASSERT_TRUE(run_now(store.remove(kind, {std::move(mesh), std::move(name)})));
  }

  std::string issue(const KeyFamily& family, nlohmann::json claims, Duration valid_for = std::chrono::hours(1)) {
    auto token = run_now(issuer.issue(family, std::move(claims), valid_for));
    EXPECT_TRUE(token) << token.error().message;
    return token.value_or("");
  }

  /// "" where the token counts, else the reason.
  std::string judge(const std::string& token, const KeyFamily& family, ValidatorOptions options = {}) {
    TokenValidator validator(keys, clock, std::move(options));
    auto claims = run_now(validator.validate(token, family));
    return claims ? std::string() : claims.error().message;
  }

  MovedClock clock;
  MemoryStore store;
  sim::SeededRandom random{7};
  SigningKeys keys{store, clock};
  TokenIssuer issuer{keys, clock, random};
};

}  // namespace kumasim::cp::testing
