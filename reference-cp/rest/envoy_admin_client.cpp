#include "reference-cp/rest/envoy_admin_client.hpp"

#include <utility>

#include <fmt/format.h>

#include "kumasim/transport/http.hpp"
#include "reference-cp/identity/key_making.hpp"

namespace kumasim::cp {

asio::awaitable<Result<std::string>> EnvoyAdminClient::get(AdminTarget where, std::string target) {
  std::shared_ptr<const TlsContext> context;
  if (where.tls) {
    auto made = co_await tls();
    if (!made) co_return fail(made.error());
    context = std::move(*made);
  }
  std::string url = fmt::format("{}://{}{}", where.tls ? "https" : "http", to_string(where.address), target);
  auto answer = co_await http_call(runtime_.network, runtime_.timers, std::move(url), {}, context.get(),
                                   call_duration_max);
  if (!answer) co_return fail(answer.error());
  if (answer->status != 200) co_return fail(Code::unavailable, fmt::format("Envoy answered {}", answer->status));
  co_return std::move(answer->body);
}

asio::awaitable<Result<std::shared_ptr<const TlsContext>>> EnvoyAdminClient::tls() {
  if (tls_) co_return tls_;
  KeySpec spec = options_.key;
  auto key = co_await make_beside(options_.offload, spec, [spec] { return make_private_key(spec); });
  if (!key) co_return fail(key.error());
  if (tls_) co_return tls_;  // another call was faster
  auto pair = certificates_.make_client(std::move(*key));
  if (!pair) co_return fail(pair.error());
  TlsOptions options;
  options.role = TlsRole::client;
  options.certificate_pem = std::move(pair->certificate_pem);
  options.key_pem = std::move(pair->key_pem);
  options.trust_pem = certificates_.ca_pem();
  options.peer = TlsPeerCheck::required;
  options.verify_host = true;
  options.clock = &runtime_.clock;
  auto context = TlsContext::create(options);
  if (!context) co_return fail(context.error());
  tls_ = std::make_shared<const TlsContext>(std::move(*context));
  co_return tls_;
}

}  // namespace kumasim::cp
