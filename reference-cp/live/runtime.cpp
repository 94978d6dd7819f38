/// Puts the live runtime together.
#include "reference-cp/live/runtime.hpp"

#include <boost/asio/io_context.hpp>

namespace kumasim::live {

LiveRuntime::LiveRuntime(asio::io_context& context, Log& log, LiveOptions options)
    : timers_(context),
      network_(context),
      disk_(options.data_directory),
      runtime_{context.get_executor(), clock_, random_, timers_, network_, disk_, log} {}

}  // namespace kumasim::live
