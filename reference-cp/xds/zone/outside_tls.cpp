#include "reference-cp/xds/zone/outside_tls.hpp"

#include <envoy/config/cluster/v3/cluster.pb.h>
#include <envoy/extensions/transport_sockets/tls/v3/tls.pb.h>

#include "reference-cp/model/resource.hpp"
#include "reference-cp/xds/generate/external_services.hpp"
#include "reference-cp/xds/json_read.hpp"
#include "reference-cp/xds/wire.hpp"

namespace kumasim::cp::zone {
namespace {

namespace tls = ::envoy::extensions::transport_sockets::tls::v3;

/// `spec.tls`, read.
struct Wanted {
  std::string ca, certificate, key;
  bool system_ca = true;    ///< where there is no other
  bool check_names = true;  ///< the server's certificate has to name it
  std::string server_name;
  const nlohmann::json* names = nullptr;  ///< further `subjectAltNames`
};

bool read(const MeshView& mesh, const nlohmann::json& from, Wanted& out) {
  const nlohmann::json& verification = at(from, "verification");
  if (!generators::load_data_source(mesh, at(verification, "caCert"), out.ca)) return false;
  bool pair = at(verification, "clientCert").is_object() && at(verification, "clientKey").is_object();
  if (pair && (!generators::load_data_source(mesh, at(verification, "clientCert"), out.certificate) ||
               !generators::load_data_source(mesh, at(verification, "clientKey"), out.key)))
    return false;
  out.server_name = text_at(verification, "serverName");
  out.names = &at(verification, "subjectAltNames");
  std::string mode = text_at(verification, "mode");
  if (mode == "SkipCA" || mode == "SkipAll") {
    out.ca.clear();
    out.system_ca = false;
  }
  if (mode == "SkipSAN" || mode == "SkipAll") {
    out.server_name.clear();
    out.check_names = false;
  }
  if (mode == "SkipAll") out.certificate.clear();
  return true;
}

tls::TlsParameters::TlsProtocol protocol(const std::string& version) {
  if (version == "TLS10") return tls::TlsParameters::TLSv1_0;
  if (version == "TLS11") return tls::TlsParameters::TLSv1_1;
  if (version == "TLS12") return tls::TlsParameters::TLSv1_2;
  return version == "TLS13" ? tls::TlsParameters::TLSv1_3 : tls::TlsParameters::TLS_AUTO;
}

bool is_dns_name(const std::string& host) {
  return host.find(':') == std::string::npos && host.find_first_not_of("0123456789.") != std::string::npos;
}

void add_names(tls::CertificateValidationContext& out, const std::string& server, const nlohmann::json& further) {
  static constexpr tls::SubjectAltNameMatcher::SanType types[] = {tls::SubjectAltNameMatcher::DNS,
                                                                  tls::SubjectAltNameMatcher::IP_ADDRESS};
  auto add = [&](auto type) -> auto& {
    auto& name = *out.add_match_typed_subject_alt_names();
    name.set_san_type(type);
    return *name.mutable_matcher();
  };
  for (auto type : types) add(type).set_exact(server);
  for (auto type : types)
    for (const nlohmann::json& name : further) {
      if (text_at(name, "type") == "Prefix")
        add(type).set_prefix(text_at(name, "value"));
      else
        add(type).set_exact(text_at(name, "value"));
    }
}

}  // namespace

bool outside_tls(const MeshView& mesh, const Resource& service, const std::string& system_ca_path,
                 envoy::Cluster& cluster) {
  const nlohmann::json& from = at(service.spec, "tls");
  if (!flag_at(from, "enabled")) return true;
  Wanted wanted;
  if (!read(mesh, from, wanted)) return false;
  std::string host = text_at(at(service.spec, "endpoints").front(), "address");
  if (wanted.server_name.empty() && is_dns_name(host)) wanted.server_name = host;

  tls::UpstreamTlsContext context;
  context.set_allow_renegotiation(flag_at(from, "allowRenegotiation"));
  context.set_sni(wanted.server_name);
  if (!wanted.certificate.empty()) {
    auto& certificate = *context.mutable_common_tls_context()->add_tls_certificates();
    certificate.mutable_certificate_chain()->set_inline_bytes(wanted.certificate);
    certificate.mutable_private_key()->set_inline_bytes(wanted.key);
  }
  if (!wanted.ca.empty() || (wanted.system_ca && !system_ca_path.empty())) {
    auto& common = *context.mutable_common_tls_context();
    auto& validation = *common.mutable_validation_context();
    if (wanted.ca.empty())
      validation.mutable_trusted_ca()->set_filename(system_ca_path);
    else
      validation.mutable_trusted_ca()->set_inline_bytes(wanted.ca);
    if (wanted.check_names)
      add_names(validation, wanted.server_name.empty() ? host : wanted.server_name, *wanted.names);
    if (std::string least = text_at(from, "version", "min"); !least.empty())
      common.mutable_tls_params()->set_tls_minimum_protocol_version(protocol(least));
    if (std::string greatest = text_at(from, "version", "max"); !greatest.empty())
      common.mutable_tls_params()->set_tls_maximum_protocol_version(protocol(greatest));
  }
  auto& match = *cluster.add_transport_socket_matches();
  match.set_name(host);
  match.mutable_transport_socket()->set_name("envoy.transport_sockets.tls");
  pack(context, *match.mutable_transport_socket()->mutable_typed_config());
  return true;
}

}  // namespace kumasim::cp::zone
