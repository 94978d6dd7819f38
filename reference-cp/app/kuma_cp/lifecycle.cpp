#include "reference-cp/app/kuma_cp/lifecycle.hpp"

#include <fmt/format.h>

#include "kumasim/runtime/task.hpp"
#include "reference-cp/app/kuma_cp/proxy_kind.hpp"
#include "reference-cp/manager/labels.hpp"
#include "reference-cp/model/codec.hpp"
#include "reference-cp/model/json_text.hpp"
#include "reference-cp/model/kinds.hpp"
#include "reference-cp/model/yaml.hpp"

namespace kumasim::cp {
namespace {

constexpr int attempts_max = 5;

/// kuma-dp sends JSON, for which a parser of YAML takes far longer.
Result<nlohmann::json> document_of(const std::string& text) {
  if (auto json = parse_json(text)) return json;
  auto documents = parse_yaml(text, "dataplane.resource");
  if (!documents) return fail(documents.error());
  if (documents->empty()) return fail(Code::invalid_argument, "dataplane.resource is empty");
  return std::move(documents->front().value);
}

/// Unknown fields are passed over: a newer kuma-dp may say more.
Result<Resource> resource_of(const std::string& text, const Kind& kind) {
  auto document = document_of(text);
  if (!document) return fail(document.error());
  auto form = universal_form(*document);
  if (!form) return fail(form.error());
  if (form->kind != &kind)
    return fail(Code::invalid_argument, fmt::format("dataplane.resource is no {}", kind.type()), "type");
  auto decoded = decode(*form->kind, form->body, UnknownFields::drop);
  if (!decoded) return fail(decoded.error().error());
  return *decoded;
}

/// The services of an ingress are filled in here, not by who runs it: without them other zones would find nothing
/// behind an ingress that connects again, until they are filled in anew (up to multizone.zone.ingressUpdateInterval
/// later).
void keep_services(const Resource& before, Resource& after) {
  const char* services = "availableServices";
  if (after.kind == &kind::zone_ingress() && before.spec.contains(services) && !after.spec.contains(services))
    after.spec[services] = before.spec[services];
}

}  // namespace

asio::awaitable<Result<>> Lifecycle::connected(ProxyPtr proxy) {
  if (proxy->metadata.dataplane.empty()) co_return Result<>();
  const Kind& kind = kind_of(*proxy);
  auto dataplane = resource_of(proxy->metadata.dataplane, kind);
  if (!dataplane) co_return fail(dataplane.error());
  if (dataplane->key() != proxy->key)
    co_return fail(Code::invalid_argument,
                   fmt::format("proxyId {}.{} does not match proxy resource {}.{}", proxy->key.mesh, proxy->key.name,
                               dataplane->meta.mesh, dataplane->meta.name));
  for (int attempt = 0; attempt < attempts_max; ++attempt) {
    auto before = co_await manager_.store().get(kind, proxy->key);
    Resource resource = *dataplane;
    bool known = before.has_value();
    if (known) {
      resource.meta.version = (*before)->meta.version;
      keep_services(**before, resource);
    }
    auto done = known ? co_await manager_.update(std::move(resource)) : co_await manager_.create(std::move(resource));
    if (done) {
      runtime_.log.info("lifecycle", "proxy registered", {{"mesh", proxy->key.mesh}, {"proxy", proxy->key.name}});
      co_return Result<>();
    }
    Code code = done.error().error.code;
    if (code != Code::conflict && code != Code::already_exists)
      co_return fail(code,
                     fmt::format("could not register proxy passed in kuma-dp run: {}", done.error().error.message));
  }
  co_return fail(Code::conflict, "could not register proxy passed in kuma-dp run: it is being written to");
}

asio::awaitable<void> Lifecycle::disconnected(ProxyPtr proxy) {
  if (proxy->metadata.dataplane.empty()) co_return;
  co_await sleep(runtime_.timers, config_.deregistration_delay);
  if (reconciler_.find(proxy->slot())) co_return;
  bool moved = co_await insights_.moved_away(proxy);
  if (moved) co_return;
  auto done = co_await manager_.remove(kind_of(*proxy), proxy->key);
  if (done)
    runtime_.log.info("lifecycle", "proxy deregistered", {{"mesh", proxy->key.mesh}, {"proxy", proxy->key.name}});
  else if (done.error().error.code != Code::not_found)
    runtime_.log.warn("lifecycle", "proxy not deregistered",
                      {{"proxy", proxy->key.name}, {"error", done.error().error.message}});
}

}  // namespace kumasim::cp
