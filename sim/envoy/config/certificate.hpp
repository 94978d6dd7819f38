/// Certificates as the simulated Envoy holds them: parsed once for each content, verified with OpenSSL at virtual time.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "kumasim/runtime/time.hpp"
#include "sim/envoy/config/checked.hpp"

namespace kumasim::sim::proxy {

/// A certificate chain, leaf first, with the names that its leaf carries.
struct CertificateChain {
  struct Parsed;         ///< OpenSSL's objects
  std::uint64_t id = 0;  ///< equal for equal content within one CertificateStore
  std::shared_ptr<const Parsed> parsed;
  std::vector<std::string> uris;
  std::vector<std::string> dns_names;
  std::vector<std::string> ip_addresses;
  bool elliptic = false;  ///< its leaf's key is of a curve; else RSA
  std::string subject;
  std::string serial;
  WallTime not_before = {};
  WallTime not_after = {};

  /// It names a workload: one of its URIs is a SPIFFE ID.
  bool is_workload() const;
};

/// The certification authorities that a validation context trusts.
struct TrustBundle {
  struct Parsed;
  std::uint64_t id = 0;
  std::shared_ptr<const Parsed> parsed;
};

using ChainPtr = std::shared_ptr<const CertificateChain>;
using BundlePtr = std::shared_ptr<const TrustBundle>;

/// Parses PEM text and remembers what it parsed, and remembers verdicts about chains: all proxies of a world share one.
class CertificateStore {
 public:
  /// Refuses text without a certificate, and a key that is not the leaf's.
  Checked<ChainPtr> chain(const std::string& certificate_pem, const std::string& key_pem);
  Checked<BundlePtr> bundle(const std::string& pem);

  /// Empty when the chain leads to the bundle and every certificate of it is valid at `now`; else OpenSSL's reason.
  std::string verify(const CertificateChain& chain, const TrustBundle& bundle, WallTime now);

  /// Verifications that OpenSSL has made: a cached verdict makes none.
  std::uint64_t verifications() const { return verifications_; }

 private:
  /// A success holds between these times, a failure that is not about time for ever.
  struct Verdict {
    std::string error;
    WallTime from, until;
  };
  std::map<std::string, std::weak_ptr<const CertificateChain>> chains_;
  std::map<std::string, std::weak_ptr<const TrustBundle>> bundles_;
  std::map<std::pair<std::uint64_t, std::uint64_t>, Verdict> verdicts_;
  std::uint64_t ids_ = 0;
  std::uint64_t verifications_ = 0;
};

}  // namespace kumasim::sim::proxy
