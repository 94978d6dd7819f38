/// What a route, or a health check, does to headers.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "kumasim/envoy/call.hpp"

namespace google::protobuf {
template <typename Element>
class RepeatedPtrField;
}
namespace envoy::config::core::v3 {
class HeaderValueOption;
}

namespace kumasim::sim::proxy {

struct HeaderEdits {
  enum class Action : std::uint8_t { append, add_if_absent, overwrite, overwrite_if_exists };
  struct Put {
    std::string name, value;
    Action action;
  };
  std::vector<Put> put;
  std::vector<std::string> remove;
  void apply(Headers& headers) const;
};

HeaderEdits header_edits(const ::google::protobuf::RepeatedPtrField<::envoy::config::core::v3::HeaderValueOption>& puts,
                         const ::google::protobuf::RepeatedPtrField<std::string>& removes);

}  // namespace kumasim::sim::proxy
