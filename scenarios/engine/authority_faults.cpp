#include "scenarios/engine/authority_faults.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "reference-cp/identity/base64.hpp"
#include "reference-cp/identity/mesh_tls.hpp"
#include "reference-cp/model/rules/values.hpp"

namespace kumasim::scenario {
namespace {

using cp::at;
using cp::text_at;
using nlohmann::json;

/// Of the enabled backend; empty names where there is none, or it is kept elsewhere.
std::pair<std::string, std::string> secrets_of(const std::string& name, const json& mesh) {
  const json& mtls = at(mesh, "mtls");
  std::string enabled = text_at(mtls, "enabledBackend");
  for (const json& backend : at(mtls, "backends")) {
    if (enabled.empty() || text_at(backend, "name") != enabled) continue;
    if (text_at(backend, "type") == "builtin")
      return {cp::builtin_certificate_secret(name, enabled), cp::builtin_key_secret(name, enabled)};
    const json& conf = at(backend, "conf");
    return {text_at(at(conf, "cert"), "secret"), text_at(at(conf, "key"), "secret")};
  }
  return {};
}

/// Each certificate of a PEM text.
std::vector<std::string> certificates_of(const std::string& pem) {
  constexpr std::string_view end_line = "-----END CERTIFICATE-----";
  std::vector<std::string> out;
  for (std::size_t from = 0; (from = pem.find("-----BEGIN CERTIFICATE-----", from)) != std::string::npos;) {
    std::size_t end = pem.find(end_line, from);
    if (end == std::string::npos) break;
    out.push_back(pem.substr(from, end + end_line.size() - from) + "\n");
    from = end;
  }
  return out;
}

std::string joined(const std::vector<std::string>& certificates) {
  std::string out;
  for (const std::string& each : certificates) out += each;
  return out;
}

}  // namespace

void AuthorityFaults::begin(const FaultOrder& order) {
  if (order.kind->name == "pki.caExpired") return add({order, Step::expire});
  add({order, order.word("how") == "staged" ? Step::trust : Step::exchange});
}

void AuthorityFaults::end(const FaultOrder& order) { add({order, Step::restore}); }

void AuthorityFaults::add(Work work) {
  std::string mesh = work.order.word("mesh");
  std::vector<Work>& all = work_[mesh];
  all.push_back(std::move(work));
  if (all.size() == 1) go_on(mesh);
}

void AuthorityFaults::go_on(const std::string& mesh) {
  Work work = work_[mesh].front();
  read(work, [this, work](Authority now) { carry_out(work, std::move(now)); });
}

void AuthorityFaults::done(const std::string& mesh) {
  std::vector<Work>& all = work_[mesh];
  all.erase(all.begin());
  if (!all.empty()) go_on(mesh);
}

/// A rotation goes no further.
void AuthorityFaults::give_up(const Work& work, const std::string& why) {
  std::string mesh = work.order.word("mesh");
  hooks_.said(fmt::format("the CA of the mesh {} stays as it is: {}", mesh, why));
  rotations_.erase(work.order.id);
  done(mesh);
}

/// The mesh is Global's, or the only control plane's.
void AuthorityFaults::read(const Work& work, std::function<void(Authority)> then) {
  std::string mesh = work.order.word("mesh");
  world_.read("", {"Mesh", "", mesh}, [this, work, mesh, then = std::move(then)](const json& body) {
    Authority out;
    if (!body.is_null()) std::tie(out.certificate_secret, out.key_secret) = secrets_of(mesh, body);
    if (out.certificate_secret.empty() || out.key_secret.empty())
      return give_up(work, "there is none that is kept in secrets");
    read_data(work, out.certificate_secret, [this, work, out, then](const std::string& certificate) {
      read_data(work, out.key_secret, [this, work, out, certificate, then](const std::string& key) {
        Authority whole = out;
        whole.certificates = certificates_of(certificate);
        whole.key = key;
        if (whole.certificates.empty()) return give_up(work, "its secret holds no certificate");
        then(std::move(whole));
      });
    });
  });
}

void AuthorityFaults::read_data(const Work& work, const std::string& secret, std::function<void(std::string)> then) {
  world_.read("", {"Secret", work.order.word("mesh"), secret},
              [this, work, secret, then = std::move(then)](const json& body) {
                auto data = body.is_null() ? std::nullopt : cp::base64_decode(text_at(body, "data"));
                if (!data) return give_up(work, fmt::format("the secret {} cannot be read", secret));
                then(*std::move(data));
              });
}

void AuthorityFaults::carry_out(const Work& work, Authority now) {
  if (work.step == Step::expire) return expire(work, std::move(now));
  if (work.step == Step::restore) return restore(work, std::move(now));
  rotate(work, std::move(now));
}

/// The same key signs it, so that all that the CA has signed ends with it. Of several such faults the last one counts.
void AuthorityFaults::expire(const Work& work, Authority now) {
  WallTime time = world_.wall_now();
  auto made = cp::with_lifetime({now.certificates.front(), now.key}, time - cp::clock_skew,
                                time + work.order.duration("after"));
  if (!made) return give_up(work, made.error().message);
  std::string before = now.certificates.front();
  for (const auto& [id, other] : expiring_)
    if (other.now == before) before = other.before;
  expiring_[work.order.id] = {*made, std::move(before)};
  Authority next = now;
  next.certificates.front() = *std::move(made);
  put(work, now, next);
}

void AuthorityFaults::restore(const Work& work, Authority now) {
  auto own = expiring_.extract(work.order.id);
  if (own.empty() || own.mapped().now != now.certificates.front()) return done(work.order.word("mesh"));
  Authority next = now;
  next.certificates.front() = own.mapped().before;
  for (const auto& [id, other] : expiring_)
    if (other.before == own.mapped().before) next.certificates.front() = other.now;
  put(work, now, next);
}

/// At once, or in steps: the new CA is trusted beside the old one, then it signs, then the old one is trusted no more.
void AuthorityFaults::rotate(const Work& work, Authority now) {
  std::uint64_t id = work.order.id;
  if (work.step == Step::trust || work.step == Step::exchange) {
    auto made = cp::make_ca({.mesh = work.order.word("mesh"), .key = {}, .now = world_.wall_now()});
    if (!made) return give_up(work, made.error().message);
    rotations_[id] = {*std::move(made), now.certificates.front(), {now.certificate_secret, now.key_secret}};
  }
  auto found = rotations_.find(id);
  if (found == rotations_.end()) return done(work.order.word("mesh"));
  auto& [fresh, old, secrets] = found->second;
  if (secrets != std::pair(now.certificate_secret, now.key_secret))
    return give_up(work, "another backend is enabled since the rotation began");
  Authority next = now;
  if (work.step == Step::trust) {
    next.certificates.push_back(fresh.certificate_pem);
  } else if (work.step == Step::forget) {
    std::erase(next.certificates, old);
  } else {
    std::erase(next.certificates, fresh.certificate_pem);
    // Other faults may have put another one in its place since.
    old = now.certificates.front();
    if (work.step == Step::exchange) next.certificates.clear();
    next.certificates.insert(next.certificates.begin(), fresh.certificate_pem);
    next.key = fresh.key_pem;
  }
  put(work, now, next);
}

/// There is no way to write both at once: in between the key is not the certificate's, and nothing can be signed.
void AuthorityFaults::put(const Work& work, const Authority& was, const Authority& next) {
  put_data(work, was.certificate_secret, joined(next.certificates), [this, work, was, next] {
    if (next.key == was.key) return taken(work);
    put_data(work, was.key_secret, next.key, [this, work] { taken(work); });
  });
}

void AuthorityFaults::put_data(const Work& work, const std::string& secret, const std::string& data,
                               std::function<void()> then) {
  json body{{"type", "Secret"}, {"mesh", work.order.word("mesh")}, {"name", secret}, {"data", cp::base64_encode(data)}};
  world_.apply(
      "", body,
      [this, work, secret, specification = specification_of(body), then = std::move(then)](const std::string& problem) {
        hooks_.written({.type = "Secret", .name = secret, .problem = problem, .specification = specification});
        if (!problem.empty()) return give_up(work, fmt::format("Secret {} was refused: {}", secret, problem));
        then();
      });
}

void AuthorityFaults::taken(const Work& work) {
  bool goes_on = work.step == Step::trust || work.step == Step::sign;
  if (work.step == Step::trust) hooks_.said("the new CA is trusted beside the old one");
  if (work.step == Step::sign) hooks_.said("the new CA signs");
  if (work.step == Step::forget) hooks_.said("the old CA is trusted no more");
  if (goes_on) {
    Step next = work.step == Step::trust ? Step::sign : Step::forget;
    world_.at(world_.now() + work.order.duration("pause"), [this, order = work.order, next] { add({order, next}); });
  } else {
    rotations_.erase(work.order.id);
  }
  done(work.order.word("mesh"));
}

}  // namespace kumasim::scenario
