/// A value or the text with which Envoy would refuse the configuration (it becomes a NACK's error_detail).
#pragma once

#include <expected>
#include <string>
#include <utility>

namespace kumasim::sim::proxy {

template <class T = void>
using Checked = std::expected<T, std::string>;

inline std::unexpected<std::string> refuse(std::string why) { return std::unexpected(std::move(why)); }

}  // namespace kumasim::sim::proxy
