#include "reference-cp/leader/leadership.hpp"

#include <exception>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/system/system_error.hpp>

namespace kumasim::cp {

void Leadership::set(bool held) {
  if (held == held_) return;
  held_ = held;
  changed_.notify_all();
  if (held_) return;
  const auto running = running_;
  for (const auto& stop : running) stop->emit(asio::cancellation_type::terminal);
}

asio::awaitable<void> Leadership::while_held(std::function<asio::awaitable<void>()> begin) {
  auto executor = co_await asio::this_coro::executor;
  for (;;) {
    while (!held_) co_await changed_.wait();
    auto stop = std::make_shared<asio::cancellation_signal>();
    auto place = running_.insert(running_.end(), stop);
    std::exception_ptr escaped;
    bool cancelled = false;
    try {
      co_await asio::co_spawn(executor, begin(), asio::bind_cancellation_slot(stop->slot(), asio::use_awaitable));
    } catch (const boost::system::system_error& error) {
      cancelled = !held_ && error.code() == asio::error::operation_aborted;
      if (!cancelled) escaped = std::current_exception();
    } catch (...) {
      escaped = std::current_exception();
    }
    running_.erase(place);
    if (escaped) std::rethrow_exception(escaped);
    if (!cancelled) co_return;
  }
}

}  // namespace kumasim::cp
