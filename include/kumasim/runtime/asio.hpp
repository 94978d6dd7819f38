/// The little of Boost.Asio that the seam's headers share, and its name inside the project.
#pragma once

#include <utility>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>

namespace kumasim {

namespace asio = boost::asio;
using error_code = boost::system::error_code;

}  // namespace kumasim
