#include "reference-cp/xds/protocol.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <span>

namespace kumasim::cp {
namespace {

constexpr std::array<std::string_view, 7> known = {"http", "http2", "tcp", "tls", "grpc", "kafka", "mysql"};

/// The protocols that a peer of this one understands, the richest first.
std::span<const std::string_view> stack(std::string_view protocol) {
  static constexpr std::array<std::string_view, 3> grpc = {"grpc", "http2", "tcp"};
  static constexpr std::array<std::string_view, 2> http2 = {"http2", "tcp"};
  static constexpr std::array<std::string_view, 2> http = {"http", "tcp"};
  static constexpr std::array<std::string_view, 2> kafka = {"kafka", "tcp"};
  static constexpr std::array<std::string_view, 1> tcp = {"tcp"};
  if (protocol == "grpc") return grpc;
  if (protocol == "http2") return http2;
  if (protocol == "http") return http;
  if (protocol == "kafka") return kafka;
  if (protocol == "tls" || protocol == "tcp") return tcp;
  return {};
}

}  // namespace

std::string parse_protocol(std::string_view text) {
  std::string lower(text);
  std::ranges::transform(lower, lower.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return std::ranges::find(known, lower) == known.end() ? "unknown" : lower;
}

std::string common_protocol(std::string_view a, std::string_view b) {
  if (a == b) return parse_protocol(a);
  for (std::string_view first : stack(parse_protocol(a)))
    for (std::string_view second : stack(parse_protocol(b)))
      if (first == second) return std::string(first);
  return "unknown";
}

bool is_http_based(std::string_view protocol) {
  return protocol == "http" || protocol == "http2" || protocol == "grpc";
}

}  // namespace kumasim::cp
