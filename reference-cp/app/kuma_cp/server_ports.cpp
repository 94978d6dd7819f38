#include "reference-cp/app/kuma_cp/server_ports.hpp"

#include <fmt/format.h>

#include "kumasim/runtime/system_error.hpp"
#include "reference-cp/app/kuma_cp/tls_bounds.hpp"

namespace kumasim::cp {

Result<> open_port(Network& network, Listener& listener, const std::string& interface, std::uint32_t port,
                   const char* setting) {
  try {
    listener = network.listen({interface == "0.0.0.0" ? "" : interface, static_cast<std::uint16_t>(port)});
    return {};
  } catch (const boost::system::system_error& error) {
    Error cause = to_error(error);
    return fail(cause.code,
                fmt::format("cannot listen on port {} ({}): {}{}", port, setting, error.code().message(),
                            cause.code == Code::already_exists ? "; is another kuma-cp running?" : ""),
                setting);
  }
}

Result<std::shared_ptr<const TlsContext>> make_server_tls(const ServerTls& tls) {
  auto bound = tls_bounds(tls.bounds, tls.setting);
  if (!bound) return fail(bound.error());
  TlsOptions options;
  options.role = TlsRole::server;
  options.certificate_pem = tls.identity.certificate_pem;
  options.key_pem = tls.identity.key_pem;
  options.peer = tls.peer;
  if (tls.peer != TlsPeerCheck::none) options.trust_pem = tls.client_roots;
  options.alpn = {"h2", "http/1.1"};
  options.version_min = bound->version_min;
  options.version_max = bound->version_max;
  options.ciphers_tls12 = bound->ciphers_tls12;
  auto context = TlsContext::create(options);
  if (!context)
    return fail(context.error().code, fmt::format("{}.tlsCertFile: {}", tls.setting, context.error().message),
                tls.setting + ".tlsCertFile");
  return std::make_shared<const TlsContext>(std::move(*context));
}

}  // namespace kumasim::cp
