#include "kumasim/scenario/observation.hpp"

#include <fmt/format.h>

#include "kumasim/scenario/grpc_names.hpp"

namespace kumasim::scenario {

std::string answer_text(const CallRecord& call) {
  if (call.status == 0) return "no answer";
  if (!call.grpc_status) return fmt::format("status {}", call.status);
  auto code = static_cast<std::size_t>(*call.grpc_status);
  return fmt::format("grpc-status {}{}", *call.grpc_status,
                     code < grpc_names.size() ? fmt::format(" ({})", grpc_names[code]) : "");
}

}  // namespace kumasim::scenario
