/// What Envoy's API asks of its own fields (the options of protoc-gen-validate), read off the descriptors.
///
/// Messages, their order and what a pattern has to match are those of protoc-gen-validate's Go code, which Kuma asks;
/// Envoy's own checks, which the simulated Envoy does (sim/envoy/config/validate.hpp), differ in each of these. The
/// rules are those of the pinned Envoy, which is a little newer than the API that Kuma 2.12 was built with.
#pragma once

#include <string>

namespace google::protobuf {
class Message;
}  // namespace google::protobuf

namespace kumasim::cp {

/// The first broken rule: "invalid Cluster.Name: value length must be at least 1 runes"; "" where there is none. What
/// an Any holds is not looked at.
std::string broken_rule(const google::protobuf::Message& message);

}  // namespace kumasim::cp
