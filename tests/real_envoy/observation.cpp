#include "tests/real_envoy/observation.hpp"

#include <algorithm>
#include <map>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "tests/real_envoy/generated_calls.hpp"

namespace kumasim::test {
namespace {

bool compared(const std::string& name) {
  if (name == "location" || name == "grpc-status" || name == "grpc-message") return true;
  return name.starts_with("x-") && !name.starts_with("x-envoy-") && !name.starts_with("x-forwarded-") &&
         name != "x-request-id" && name != call_header && name != answer_header && name != grpc_answer_header;
}

}  // namespace

std::string to_text(const Observation& o) {
  return fmt::format("{} details {} endpoint {} answer [{}] body '{}' upstream [{}]", to_text(o.verdict),
                     o.details.empty() ? "-" : o.details, o.endpoint.empty() ? "-" : o.endpoint,
                     fmt::join(o.answer, ", "), o.body, fmt::join(o.upstream, " | "));
}

std::vector<std::string> compared_headers(const sim::Headers& headers) {
  std::map<std::string, std::string> joined;
  for (const auto& [name, value] : headers) {
    if (!compared(name)) continue;
    const std::string text = name == "grpc-message" ? compared_body(value) : value;
    auto [at, fresh] = joined.emplace(name, text);
    if (!fresh) at->second += "," + text;
  }
  std::vector<std::string> out;
  for (const auto& [name, value] : joined) out.push_back(name + ": " + value);
  return out;
}

std::string compared_request(const HeardRequest& r) {
  auto headers = compared_headers(r.headers);
  return fmt::format("{}:{} {} {} {}{}{}", r.place.address, r.place.port, r.method, r.authority, r.path,
                     headers.empty() ? "" : " ", fmt::join(headers, " "));
}

std::string compared_details(const std::string& details) {
  auto bar = details.find('|');
  return bar == std::string::npos ? details : details.substr(0, bar) + "}";
}

std::string compared_body(const std::string& body) { return body.substr(0, body.find(", transport failure reason")); }

}  // namespace kumasim::test
