/// JSON Web Tokens (RFC 7519) in their compact form: made with a key, and taken apart without judging them.
///
/// Texts of errors are those that Kuma's library gives, which is what people search for.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "kumasim/runtime/error.hpp"
#include "kumasim/runtime/time.hpp"
#include "reference-cp/auth/token_key.hpp"

namespace kumasim::cp {

inline constexpr std::size_t token_bytes_max = 64 * 1024;

struct Jwt {
  nlohmann::json header;
  nlohmann::json claims;
  std::string signed_text;  ///< what the signature is of
  std::string signature;
};

/// Header `{alg, kid, typ: JWT}`.
Result<std::string> write_jwt(const TokenKey& key, const std::string& kid, const nlohmann::json& claims);

/// invalid_argument, "token is malformed: ...". The header is an object with a text `alg`, the claims are an object.
Result<Jwt> parse_jwt(std::string_view text);

/// Whether the token is within its time (`exp`, `nbf`; both may be absent). unauthenticated, "token has invalid claims:
/// ...".
Result<> check_times(const nlohmann::json& claims, WallTime now);

/// Claims by name; a name in another case counts where the exact one is absent (as Go reads JSON). "" or empty where
/// there is none, invalid_argument for another type.
Result<std::string> text_claim(const nlohmann::json& claims, std::string_view name);
Result<std::vector<std::string>> list_claim(const nlohmann::json& claims, std::string_view name);
/// null where there is none.
const nlohmann::json& find_claim(const nlohmann::json& claims, std::string_view name);

}  // namespace kumasim::cp
