/// The readiness of kuma-dp, which Envoy's /ready leads to.
#pragma once

#include <string>

#include "kumasim/runtime/runtime.hpp"
#include "kumasim/transport/http.hpp"

namespace kumasim::dp {

/// The path of the socket, cut so that it fits a socket's name (Kuma cuts at 98 characters).
std::string readiness_socket(const std::string& work_directory);

/// GET /ready: 200 READY, or 503 TERMINATING once the process is on its way out.
class Readiness {
 public:
  void set_terminating() { terminating_ = true; }
  HttpResponse answer(const HttpRequest& request) const;

 private:
  bool terminating_ = false;
};

/// Serves until cancelled or the listener closes. Must not outlive `readiness`.
asio::awaitable<void> serve_readiness(Runtime& runtime, Listener listener, const Readiness& readiness);

}  // namespace kumasim::dp
