/// Puts the live runtime together.
#include "reference-cp/live/live_runtime.hpp"

#include "reference-cp/live/system.hpp"

namespace kumasim::live {

LiveRuntime::LiveRuntime(LiveOptions options)
    : log_(std::move(options.log)),
      context_(1),  // one thread: Asio leaves out locks where it can
      timers_(context_),
      network_(context_),
      disk_(std::move(options.data_directory)),
      runtime_{context_.get_executor(), clock_, random_, timers_, network_, disk_, log_} {
  ignore_sigpipe();
}

LiveRuntime::~LiveRuntime() = default;

}  // namespace kumasim::live
