/// Look-ups of names, and what goes wrong with them.
#include "kumasim/sim/executor.hpp"
#include "kumasim/sim/network.hpp"
#include "kumasim/sim/process.hpp"

#include <algorithm>

namespace kumasim::sim {
namespace {

/// An address is not looked up, nor is the machine itself.
bool is_name(const std::string& host) {
  return host != "localhost" && host.find(':') == std::string::npos &&
         host.find_first_not_of("0123456789.") != std::string::npos;
}

}  // namespace

void VirtualNetwork::add_lookup(const Process& process, std::shared_ptr<const Lookup> lookup) {
  lookups_[process.id()].push_back(std::move(lookup));
}

void VirtualNetwork::remove_lookup(const Process& process, const std::shared_ptr<const Lookup>& lookup) {
  std::erase(lookups_[process.id()], lookup);
}

std::optional<std::string> VirtualNetwork::resolve(const std::string& host, const std::string& own_address) const {
  if (host == "localhost" || host == "::1" || host.starts_with("127.")) return own_address;
  if (auto found = names_.find(host); found != names_.end()) return found->second;
  if (!is_name(host)) return host;
  return std::nullopt;
}

asio::awaitable<std::string> VirtualNetwork::look_up(Context& context, std::string host, std::string own_address) {
  auto wrong = lookups_.find(context.process());
  if (wrong != lookups_.end() && is_name(host)) {
    // Copied: they may end while the look-up waits.
    auto faults = wrong->second;
    std::erase_if(faults, [&](const auto& fault) { return !fault->name.empty() && fault->name != host; });
    Duration delay{};
    for (const auto& fault : faults) delay += fault->delay.draw(random_);
    if (delay > Duration(0)) {
      co_await asio::async_initiate<const asio::use_awaitable_t<>&, void(error_code)>(
          [this, &context, delay](auto handler) {
            auto operation = make_operation(std::move(handler), Executor(context));
            auto slot = operation.slot;
            auto waiting =
                kernel_.at(context, kernel_.now() + delay, EventKind::network, 0, std::move(operation.complete));
            kernel_.bind(slot, waiting);
          },
          asio::use_awaitable);
    }
    for (const auto& fault : faults) {
      if (fault->failure) throw boost::system::system_error(fault->failure, host);
      if (auto old = fault->stale.find(host); old != fault->stale.end()) co_return old->second;
    }
  }
  auto address = resolve(host, own_address);
  if (!address) throw boost::system::system_error(asio::error::host_not_found, host);
  co_return *address;
}

}  // namespace kumasim::sim
