/// Durations of protobuf as the runtime counts time.
#pragma once

#include <google/protobuf/duration.pb.h>

#include "kumasim/runtime/time.hpp"

namespace kumasim::sim::proxy {

inline Duration to_duration(const ::google::protobuf::Duration& d) {
  return std::chrono::seconds(d.seconds()) + std::chrono::nanoseconds(d.nanos());
}

}  // namespace kumasim::sim::proxy
