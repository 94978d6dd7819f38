#include "scenarios/engine/authority_faults.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "reference-cp/identity/base64.hpp"
#include "reference-cp/identity/mesh_tls.hpp"

namespace kumasim::scenario {
namespace {

using nlohmann::json;

const json& at(const json& in, const char* name) {
  static const json nothing;
  auto found = in.find(name);
  return found == in.end() ? nothing : *found;
}

std::string text_at(const json& in, const char* name) {
  const json& out = at(in, name);
  return out.is_string() ? out.get<std::string>() : std::string();
}

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

}  // namespace

/// The mesh itself is Global's, or the only control plane's.
void AuthorityFaults::add(const FaultOrder& order, bool end) {
  std::string mesh = order.word("mesh");
  std::vector<Work>& work = work_[mesh];
  work.push_back({order, end});
  if (work.size() == 1) go_on(mesh);
}

void AuthorityFaults::go_on(const std::string& mesh) {
  read(mesh, [this, mesh](Authority authority) { carry_out(work_[mesh].front(), std::move(authority)); });
}

void AuthorityFaults::done(const std::string& mesh) {
  std::vector<Work>& work = work_[mesh];
  work.erase(work.begin());
  if (!work.empty()) go_on(mesh);
}

void AuthorityFaults::give_up(const std::string& mesh, const std::string& why) {
  hooks_.said(fmt::format("the CA of the mesh {} stays as it is: {}", mesh, why));
  done(mesh);
}

void AuthorityFaults::read(const std::string& mesh, std::function<void(Authority)> then) {
  world_.read("", {"Mesh", "", mesh}, [this, mesh, then = std::move(then)](const json& body) {
    Authority out;
    if (!body.is_null()) std::tie(out.certificate_secret, out.key_secret) = secrets_of(mesh, body);
    if (out.certificate_secret.empty() || out.key_secret.empty())
      return give_up(mesh, "there is none that is kept in secrets");
    read_data(mesh, out.certificate_secret, [this, mesh, out, then](const std::string& certificate) {
      read_data(mesh, out.key_secret, [out, certificate, then](const std::string& key) {
        Authority whole = out;
        whole.pair = {certificate, key};
        then(std::move(whole));
      });
    });
  });
}

void AuthorityFaults::read_data(const std::string& mesh, const std::string& secret,
                                std::function<void(std::string)> then) {
  world_.read("", {"Secret", mesh, secret}, [this, mesh, secret, then = std::move(then)](const json& body) {
    auto data = body.is_null() ? std::nullopt : cp::base64_decode(text_at(body, "data"));
    if (!data) return give_up(mesh, fmt::format("the secret {} cannot be read", secret));
    then(*std::move(data));
  });
}

void AuthorityFaults::carry_out(const Work& work, Authority authority) {
  if (work.order.kind->name == "pki.rotateCA") return rotate(work.order, std::move(authority));
  if (work.end) return restore(work.order, std::move(authority));
  expire(work.order, std::move(authority));
}

/// The same key signs it, so that all that the CA has signed ends with it. Of several such faults the last one counts.
void AuthorityFaults::expire(const FaultOrder& order, Authority authority) {
  std::string mesh = order.word("mesh");
  WallTime now = world_.wall_now();
  auto made = cp::with_lifetime(authority.pair, now - cp::clock_skew, now + order.duration("after"));
  if (!made) return give_up(mesh, made.error().message);
  std::string before = authority.pair.certificate_pem;
  for (const auto& [id, other] : expiring_)
    if (other.now == before) before = other.before;
  expiring_[order.id] = {*made, std::move(before)};
  put(mesh, authority, {*made, authority.pair.key_pem});
}

void AuthorityFaults::restore(const FaultOrder& order, Authority authority) {
  std::string mesh = order.word("mesh");
  auto own = expiring_.extract(order.id);
  if (own.empty() || own.mapped().now != authority.pair.certificate_pem) return done(mesh);
  put(mesh, authority, {own.mapped().before, authority.pair.key_pem});
}

/// At once, or in steps: the new CA is trusted beside the old one, then it signs, then the old one is trusted no more.
void AuthorityFaults::rotate(const FaultOrder& order, Authority authority) {
  std::string mesh = order.word("mesh");
  std::string step = order.has("step") ? order.word("step") : "";
  std::uint64_t strike = order.strike();
  if (!made_.contains(strike)) {
    if (step != "" && step != "trust") return done(mesh);  // it was given up before
    auto made = cp::make_ca({.mesh = mesh, .key = {}, .now = world_.wall_now()});
    if (!made) return give_up(mesh, made.error().message);
    made_[strike] = *std::move(made);
    replaced_[strike] = authority.pair;
  }
  const cp::KeyPair& fresh = made_.at(strike);
  const cp::KeyPair& old = replaced_.at(strike);
  if (step == "trust")
    put(mesh, authority, {old.certificate_pem + fresh.certificate_pem, old.key_pem});
  else if (step == "sign")
    put(mesh, authority, {fresh.certificate_pem + old.certificate_pem, fresh.key_pem});
  else
    put(mesh, authority, fresh);
}

/// There is no way to write both at once: in between the key is not the certificate's, and nothing can be signed.
void AuthorityFaults::put(const std::string& mesh, const Authority& was, const cp::KeyPair& pair) {
  auto then = [this, mesh, was, pair] {
    if (pair.key_pem == was.pair.key_pem) return done(mesh);
    put_data(mesh, was.key_secret, pair.key_pem, [this, mesh] { done(mesh); });
  };
  put_data(mesh, was.certificate_secret, pair.certificate_pem, then);
}

void AuthorityFaults::put_data(const std::string& mesh, const std::string& secret, const std::string& data,
                               std::function<void()> then) {
  json body{{"type", "Secret"}, {"mesh", mesh}, {"name", secret}, {"data", cp::base64_encode(data)}};
  world_.apply(
      "", body,
      [this, mesh, secret, specification = specification_of(body), then = std::move(then)](std::string problem) {
        bool taken = problem.empty();
        if (!taken) hooks_.said(fmt::format("Secret {} was refused: {}", secret, problem));
        hooks_.written(
            {.type = "Secret", .name = secret, .problem = std::move(problem), .specification = specification});
        if (!taken) return done(mesh);
        then();
      });
}

}  // namespace kumasim::scenario
