/// The legacy Timeout (Kuma docs, "Timeout").
#pragma once

#include <string_view>

#include "kumasim/runtime/time.hpp"

namespace kumasim::cp {
struct Resource;

namespace policy::legacy {

/// What a Timeout says, with Kuma's defaults where it does not; zero is no timeout.
struct Timeouts {
  Duration connect = std::chrono::seconds(5);
  Duration tcp_idle{}, http_idle{}, request{};
  Duration stream_idle{}, stream_idle_grpc{};
  Duration max_stream{}, max_stream_grpc{};  ///< for gRPC the former counts where it is not zero

  /// All defaults for nullptr.
  static Timeouts of(const Resource* timeout);
  /// Of a listener whose traffic is of `protocol`.
  Duration stream_idle_of(std::string_view protocol) const;
  /// Of a cluster whose service speaks `protocol`.
  Duration max_stream_of(std::string_view protocol) const;
};

}  // namespace policy::legacy
}  // namespace kumasim::cp
