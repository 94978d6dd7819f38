/// All that can be seen of a call from outside of an Envoy, real or simulated.
#pragma once

#include <string>
#include <vector>

#include "tests/real_envoy/traffic_applications.hpp"
#include "tests/real_envoy/traffic_verdict.hpp"

namespace kumasim::test {

struct Observation {
  TrafficVerdict verdict;
  std::string details;                ///< of an HTTP answer as %RESPONSE_CODE_DETAILS%, without the transport's part
  std::string endpoint;               ///< as %UPSTREAM_HOST%, empty for none
  std::vector<std::string> answer;    ///< headers that Envoy adds, keeps or drops as it is configured to, by name
  std::string body;                   ///< of an answer that is Envoy's own
  std::vector<std::string> upstream;  ///< a line for each request that reached an application, copies included; ordered
  auto operator<=>(const Observation&) const = default;
};

/// The details of an answer that an application gave.
inline constexpr auto through = "via_upstream";

/// One line.
std::string to_text(const Observation& observation);

/// "name: value" of those that configuration is about: location, and x- but for Envoy's own and those of the test.
std::vector<std::string> compared_headers(const sim::Headers& headers);
/// `10.1.0.1:8080 GET a.example /path x-a: one`
std::string compared_request(const HeardRequest& request);
/// What both say in the same words: nothing from the transport's own reason on.
std::string compared_details(const std::string& details);
std::string compared_body(const std::string& body);

}  // namespace kumasim::test
