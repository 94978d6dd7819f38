/// Timeout's conf.
#include "reference-cp/policy/legacy/timeout.hpp"

#include "reference-cp/model/resource.hpp"
#include "reference-cp/policy/conf_read.hpp"

namespace kumasim::cp::policy::legacy {

Timeouts Timeouts::of(const Resource* timeout) {
  Timeouts out;
  if (!timeout) return out;
  const nlohmann::json& conf = at(timeout->spec, "conf");
  const nlohmann::json& http = at(conf, "http");
  const nlohmann::json& grpc = at(conf, "grpc");
  constexpr Duration none{};
  out.connect = duration_at(conf, "connectTimeout").value_or(out.connect);
  out.tcp_idle = duration_at(at(conf, "tcp"), "idleTimeout").value_or(none);
  out.http_idle = duration_at(http, "idleTimeout").value_or(none);
  out.request = duration_at(http, "requestTimeout").value_or(none);
  out.stream_idle = duration_at(http, "streamIdleTimeout").value_or(none);
  // Kuma's older spelling for gRPC counts where the general one is not there, zero or not.
  out.stream_idle_grpc = http.contains("streamIdleTimeout")
                             ? out.stream_idle
                             : duration_at(grpc, "streamIdleTimeout").value_or(none);
  out.max_stream = duration_at(http, "maxStreamDuration").value_or(none);
  out.max_stream_grpc = duration_at(grpc, "maxStreamDuration").value_or(none);
  return out;
}

Duration Timeouts::stream_idle_of(std::string_view protocol) const {
  return protocol == "grpc" ? stream_idle_grpc : stream_idle;
}

Duration Timeouts::max_stream_of(std::string_view protocol) const {
  return protocol == "grpc" && max_stream == Duration::zero() ? max_stream_grpc : max_stream;
}

}  // namespace kumasim::cp::policy::legacy
