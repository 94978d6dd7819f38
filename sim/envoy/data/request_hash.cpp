// What consistent balancing goes by: the hash of a request by its route's policies.
#include <algorithm>
#include <bit>

#include <fmt/format.h>

#include "sim/envoy/data/hash.hpp"
#include "sim/envoy/data/http_stream.hpp"

namespace kumasim::sim::proxy {
namespace {

/// The value of a cookie; empty: there is none.
std::string cookie(const Headers& headers, const std::string& name) {
  for (const auto& [header, value] : headers) {
    if (header != "cookie") continue;
    for (std::size_t at = 0; at < value.size();) {
      auto end = std::min(value.find(';', at), value.size());
      auto begin = std::min(value.find_first_not_of(' ', at), end);
      auto equals = std::min(value.find('=', begin), end);
      if (value.compare(begin, equals - begin, name) == 0 && equals < end) {
        auto text = value.substr(equals + 1, end - equals - 1);
        bool quoted = text.size() >= 2 && text.front() == '"' && text.back() == '"';
        return quoted ? text.substr(1, text.size() - 2) : text;
      }
      at = end + 1;
    }
  }
  return {};
}

std::optional<std::string> query_parameter(const std::string& target, const std::string& name) {
  auto at = target.find('?');
  while (at < target.size()) {
    auto end = std::min(target.find('&', at + 1), target.size());
    auto equals = std::min(target.find('=', at + 1), end);
    if (target.compare(at + 1, equals - at - 1, name) == 0)
      return equals < end ? target.substr(equals + 1, end - equals - 1) : std::string();
    at = end;
  }
  return std::nullopt;
}

}  // namespace

/// Each policy adds to the hash of those before it (Envoy: HashPolicyImpl). None applies: no hash.
std::optional<std::uint64_t> HttpStream::request_hash() {
  std::optional<std::uint64_t> out;
  for (const auto& policy : forward_->hash) {
    std::optional<std::uint64_t> mine;
    switch (policy.kind) {
      case HashPolicy::Kind::header: {
        std::vector<std::string> values;
        for (const auto& [name, value] : request_.headers)
          if (name == policy.name)
            values.push_back(policy.rewrite ? policy.rewrite->replace(value, policy.substitution) : value);
        if (policy.name == ":authority") values.push_back(request_.authority);
        if (policy.name == ":path") values.push_back(request_.path);
        if (policy.name == ":method") values.push_back(request_.method);
        std::sort(values.begin(), values.end());
        for (const auto& value : values) mine = xx_hash(value, mine.value_or(0));
        break;
      }
      case HashPolicy::Kind::cookie: {
        auto value = cookie(request_.headers, policy.name);
        if (value.empty() && policy.cookie_seconds) {
          // The same for all streams of a connection.
          const auto& hello = down_->wire->hello;
          value = fmt::format("{:016x}", xx_hash(fmt::format("{}:{}{}:{}", hello.source_ip, hello.source_port,
                                                             hello.destination_ip, hello.destination_port)));
          auto path = policy.cookie_path.empty() ? "" : "; Path=" + policy.cookie_path;
          cookies_.push_back(
              fmt::format("{}=\"{}\"; Max-Age={}{}; HttpOnly", policy.name, value, *policy.cookie_seconds, path));
        }
        if (!value.empty()) mine = xx_hash(value);
        break;
      }
      case HashPolicy::Kind::source_ip: mine = xx_hash(down_->wire->hello.source_ip); break;
      case HashPolicy::Kind::query_parameter:
        if (auto value = query_parameter(request_.path, policy.name)) mine = xx_hash(*value);
        break;
      case HashPolicy::Kind::nothing: break;
    }
    if (mine) out = (out ? std::rotl(*out, 1) : 0) ^ *mine;
    if (policy.terminal && out) break;
  }
  return out;
}

}  // namespace kumasim::sim::proxy
