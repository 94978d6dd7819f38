#include "reference-cp/rest/authentication.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include <nlohmann/json.hpp>

#include "reference-cp/auth/jwt.hpp"

namespace kumasim::cp {
namespace {

constexpr std::string_view bearer = "Bearer ";

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return out;
}

/// An address in its shortest form, any other host in small letters without a dot at its end.
std::string canonical_host(std::string_view host) {
  std::string name = lower(host);
  if (name.ends_with('.')) name.pop_back();
  std::array<unsigned char, sizeof(in6_addr)> bytes{};
  std::array<char, INET6_ADDRSTRLEN> text{};
  for (int family : {AF_INET, AF_INET6})
    if (inet_pton(family, name.c_str(), bytes.data()) == 1 &&
        inet_ntop(family, bytes.data(), text.data(), text.size()) != nullptr)
      return text.data();
  return name;
}

struct Authority {
  std::string host;
  std::string port;

  bool operator==(const Authority&) const = default;
};

/// "host", "host:port", "[v6]", "[v6]:port"; nullopt for anything else.
std::optional<Authority> parse_authority(std::string_view text, std::string_view scheme) {
  if (text.find_first_of("/?#@ \\") != std::string_view::npos) return std::nullopt;
  Authority out{.host = {}, .port = scheme == "https" ? "443" : "80"};
  std::string_view host = text, rest;
  if (text.starts_with('[')) {
    auto end = text.find(']');
    if (end == std::string_view::npos) return std::nullopt;
    host = text.substr(1, end - 1);
    rest = text.substr(end + 1);
  } else if (auto colon = text.rfind(':'); colon != std::string_view::npos) {
    host = text.substr(0, colon);
    rest = text.substr(colon);
    if (host.find(':') != std::string_view::npos) return std::nullopt;
  }
  if (!rest.empty()) {
    int port = 0;
    auto [end, error] = std::from_chars(rest.data() + 1, rest.data() + rest.size(), port);
    bool fits =
        rest.front() == ':' && error == std::errc() && end == rest.data() + rest.size() && port > 0 && port <= 65535;
    if (!fits) return std::nullopt;
    out.port = std::to_string(port);
  }
  out.host = canonical_host(host);
  if (out.host.empty()) return std::nullopt;
  return out;
}

bool is_same_origin(std::string_view origin, std::string_view host) {
  if (origin.empty()) return true;
  auto colon = origin.find("://");
  if (colon == std::string_view::npos) return false;
  std::string scheme = lower(origin.substr(0, colon));
  if (scheme != "http" && scheme != "https") return false;
  auto from = parse_authority(origin.substr(colon + 3), scheme);
  auto to = parse_authority(host, scheme);
  return from && to && is_loopback(from->host) && *from == *to;
}

/// Fields that a proxy adds on its way, with any value, an empty one too: it may have added its own line after the
/// client's. RFC 9110 asks for `Via`, RFC 7239 is `Forwarded`, the others are what Envoy, nginx, HAProxy, Traefik and
/// the balancers of clouds write. Kuma looks at Forwarded, X-Forwarded-For and X-Real-IP.
bool is_of_a_proxy(std::string_view field) {
  std::string name = lower(field);
  constexpr std::string_view names[] = {"via",       "forwarded",           "x-real-ip",      "x-client-ip",
                                        "client-ip", "x-cluster-client-ip", "true-client-ip", "cf-connecting-ip"};
  constexpr std::string_view prefixes[] = {"x-forwarded-", "x-envoy-", "x-original-"};
  return std::ranges::find(names, std::string_view(name)) != std::ranges::end(names) ||
         std::ranges::any_of(prefixes, [&](std::string_view prefix) { return name.starts_with(prefix); });
}

}  // namespace

bool is_loopback(std::string_view host) {
  std::string name = canonical_host(host);
  if (name == "localhost" || name == "::1") return true;
  if (name.starts_with("::ffff:")) name = name.substr(7);
  in_addr address{};
  return name.starts_with("127.") && inet_pton(AF_INET, name.c_str(), &address) == 1;
}

bool is_direct_loopback(const HttpRequest& request) {
  if (!is_loopback(request.peer.address.host)) return false;
  for (const auto& field : request.headers)
    if (is_of_a_proxy(field.name)) return false;
  std::string_view host = request.headers.get("Host");
  auto authority = parse_authority(host, "http");
  if (!authority || !is_loopback(authority->host)) return false;
  std::string_view site = request.headers.get("Sec-Fetch-Site");
  if (!site.empty() && site != "same-origin" && site != "none") return false;
  return is_same_origin(request.headers.get("Origin"), host);
}

Authentication::Authentication(const SigningKeys& keys, const Clock& clock, Log& log, Options options)
    : log_(log), options_(std::move(options)), tokens_(keys, clock, options_.validator) {}

asio::awaitable<Result<User>> Authentication::user_of(const HttpRequest& request) const {
  if (options_.localhost_is_admin && is_direct_loopback(request)) co_return admin_user();
  if (options_.type == Type::admin_client_certs) {
    bool known = request.peer.tls && !request.peer.tls->certificate_pem.empty();
    co_return known ? admin_user() : anonymous_user();
  }
  // The index says who the server is before anybody has a token.
  bool is_index = request.target == "/" || request.target.starts_with("/?");
  std::string_view header = request.headers.get("authorization");
  if (is_index || !header.starts_with(bearer)) co_return anonymous_user();
  auto claims = co_await tokens_.validate(std::string(header.substr(bearer.size())), user_token_keys());
  if (!claims) {
    log_.info("api-server", "authentication rejected", {{"reason", claims.error().message}});
    co_return fail(Code::unauthenticated, claims.error().message);
  }
  auto name = text_claim(*claims, "Name");
  auto groups = list_claim(*claims, "Groups");
  if (!name || !groups) co_return fail(Code::unauthenticated, "the token's claims have another type");
  co_return authenticated_user(*std::move(name), *std::move(groups));
}

}  // namespace kumasim::cp
