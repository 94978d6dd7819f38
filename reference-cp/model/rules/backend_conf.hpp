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

/// The conf of the enabled prometheus backend in a Mesh's spec; its value is null where there is none or it cannot be
/// read.
BackendConf mesh_prometheus_conf(const nlohmann::json& mesh);

/// That conf with what a Dataplane's spec sets over it (Kuma's GetPrometheusConfig); null where either cannot be read.
/// Nobody judges the metrics of a gateway when they are written.
BackendConf own_prometheus_conf(BackendConf of_mesh, const nlohmann::json& dataplane);

}  // namespace kumasim::cp
