/// The `conf` of a backend of a Mesh (or of a Dataplane's metrics) is any object until its type says which message it
/// is.
#pragma once

#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

namespace kumasim::cp {

struct BackendConf {
  nlohmann::json value;  // as protobuf would print it: known fields, zero values left out
  std::string error;     // what Go's decoder says where it is no such message
};

/// `type` is tcp, file (logging), zipkin, datadog (tracing), prometheus, builtin or provided (mTLS); null is empty.
BackendConf read_backend_conf(std::string_view type, const nlohmann::json& conf);

}  // namespace kumasim::cp
