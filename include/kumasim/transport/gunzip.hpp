/// The gzip format (RFC 1952), read.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "kumasim/runtime/error.hpp"

namespace kumasim {

/// What was compressed, as one member. data_loss where the bytes are no gzip, end too early, or more follow;
/// resource_exhausted where what comes out is larger than the limit.
Result<std::string> gunzip(std::string_view bytes, std::size_t bytes_max);

}  // namespace kumasim
