/// POST /bootstrap: from kuma-dp's question to Envoy's configuration.
#pragma once

#include <memory>
#include <set>
#include <string>

#include "kumasim/runtime/log.hpp"
#include "kumasim/transport/http.hpp"
#include "reference-cp/store/store.hpp"
#include "reference-cp/xds/bootstrap/envoy_bootstrap.hpp"

namespace kumasim::cp {

struct BootstrapOptions {
  BootstrapSettings settings;
  std::string certificate_pem;  ///< of the dataplane server
  bool dp_token_required = false;
  bool zone_token_required = false;
};

class BootstrapServer {
 public:
  /// invalid_argument where the certificate cannot be read, or does not name the host that proxies are told to use.
  static Result<BootstrapServer> create(std::shared_ptr<Store> store, Log& log, BootstrapOptions options);

  /// 200 with YAML (or JSON that also speaks to kuma-dp, where that is accepted), 400, 404, 422 or 500 as Kuma answers.
  asio::awaitable<HttpResponse> handle(HttpRequest request) const;

 private:
  BootstrapServer(std::shared_ptr<Store> store, Log& log, BootstrapOptions options, std::set<std::string> hosts)
      : store_(std::move(store)), log_(&log), options_(std::move(options)), hosts_(std::move(hosts)) {}

  /// An answer other than 200.
  struct Refusal {
    int status = 500;
    std::string message;  ///< sent as the body; empty: said to the log only
    std::string reason;   ///< for the log
  };
  template <class T>
  using Outcome = std::expected<T, Refusal>;
  struct Found {
    BootstrapProxy proxy;
    std::string address;         ///< of the Dataplane
    nlohmann::json aggregate = nlohmann::json::array();  ///< metrics that kuma-dp is to collect
  };

  asio::awaitable<Outcome<Found>> find_proxy(const BootstrapRequest& request) const;
  asio::awaitable<Outcome<Resource>> find_resource(const BootstrapRequest& request, const std::string& type) const;
  Outcome<std::string> ca_of(const BootstrapRequest& request) const;

  std::shared_ptr<Store> store_;
  Log* log_;
  BootstrapOptions options_;
  std::set<std::string> hosts_;  ///< names and addresses in the certificate
};

}  // namespace kumasim::cp
