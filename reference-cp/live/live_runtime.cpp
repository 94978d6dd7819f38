/// Puts the live runtime together.
#include "reference-cp/live/live_runtime.hpp"

#include "reference-cp/live/system.hpp"

namespace kumasim::live {

LiveRuntime::LiveRuntime(LiveOptions options)
    : own_log_(std::make_unique<SystemLog>(options.log)),
      own_context_(std::make_unique<asio::io_context>(1)),  // one thread: Asio leaves out locks where it can
      context_(*own_context_),
      timers_(context_),
      network_(context_),
      disk_(std::move(options.data_directory)),
      runtime_{context_.get_executor(), clock_, random_, timers_, network_, disk_, *own_log_} {
  ignore_sigpipe();
}

LiveRuntime::LiveRuntime(asio::io_context& context, Log& log, LiveOptions options)
    : context_(context),
      timers_(context),
      network_(context),
      disk_(std::move(options.data_directory)),
      runtime_{context.get_executor(), clock_, random_, timers_, network_, disk_, log} {
  ignore_sigpipe();
}

LiveRuntime::~LiveRuntime() {
  // Coroutines that still wait go before what they use.
  own_context_.reset();
}

}  // namespace kumasim::live
