#include "reference-cp/app/kuma_cp/metered_store.hpp"

#include <chrono>
#include <utility>

namespace kumasim::cp {
namespace {

/// Seconds; those that Prometheus' library for Go has where none are given.
const prometheus::Histogram::BucketBoundaries times{.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10};

/// As Kuma has it: a removal has none.
bool is_conflict(Write::What what, Code code) {
  return (what == Write::What::create && code == Code::already_exists) ||
         (what == Write::What::update && code == Code::conflict);
}

}  // namespace

MeteredStore::MeteredStore(std::shared_ptr<Store> inner, const Clock& clock, prometheus::Registry& registry)
    : inner_(std::move(inner)),
      clock_(clock),
      operations_(prometheus::BuildHistogram()
                      .Name("store")
                      .Help("Seconds that an operation on the store took")
                      .Register(registry)),
      conflicts_(prometheus::BuildCounter()
                     .Name("store_conflicts")
                     .Help("Number of writes that another write had overtaken")
                     .Register(registry)) {}

void MeteredStore::count(ByKind& known, const char* operation, const Kind& kind, MonotonicTime begun) {
  prometheus::Histogram*& histogram = known[&kind];
  if (histogram == nullptr)
    histogram = &operations_.Add({{"operation", operation}, {"resource_type", std::string(kind.type())}}, times);
  histogram->Observe(std::chrono::duration<double>(clock_.now() - begun).count());
}

void MeteredStore::count_conflict(const Kind& kind) {
  conflicts_.Add({{"resource_type", std::string(kind.type())}}).Increment();
}

asio::awaitable<Result<ResourcePtr>> MeteredStore::get(const Kind& kind, ResourceKey key) {
  const MonotonicTime begun = clock_.now();
  auto out = co_await inner_->get(kind, std::move(key));
  count(gets_, "get", kind, begun);
  co_return out;
}

asio::awaitable<Result<ResourcePtr>> MeteredStore::create(Resource resource, WallTime now) {
  const MonotonicTime begun = clock_.now();
  const Kind& kind = *resource.kind;
  auto out = co_await inner_->create(std::move(resource), now);
  count(creates_, "create", kind, begun);
  if (!out && is_conflict(Write::What::create, out.error().code)) count_conflict(kind);
  co_return out;
}

asio::awaitable<Result<ResourcePtr>> MeteredStore::update(Resource resource, WallTime now) {
  const MonotonicTime begun = clock_.now();
  const Kind& kind = *resource.kind;
  auto out = co_await inner_->update(std::move(resource), now);
  count(updates_, "update", kind, begun);
  if (!out && is_conflict(Write::What::update, out.error().code)) count_conflict(kind);
  co_return out;
}

asio::awaitable<Result<>> MeteredStore::remove(const Kind& kind, ResourceKey key) {
  const MonotonicTime begun = clock_.now();
  auto out = co_await inner_->remove(kind, std::move(key));
  count(removals_, "delete", kind, begun);
  co_return out;
}

/// Which of several writes was overtaken is not known: that is counted of a single one only.
asio::awaitable<Result<std::vector<ResourcePtr>>> MeteredStore::commit(std::vector<Write> writes, WallTime now) {
  const MonotonicTime begun = clock_.now();
  std::vector<std::pair<Write::What, const Kind*>> made;
  for (const Write& each : writes) made.emplace_back(each.what, each.resource.kind);
  auto out = co_await inner_->commit(std::move(writes), now);
  for (const auto& [what, kind] : made) switch (what) {
      case Write::What::create: count(creates_, "create", *kind, begun); break;
      case Write::What::update: count(updates_, "update", *kind, begun); break;
      case Write::What::remove: count(removals_, "delete", *kind, begun); break;
    }
  if (!out && made.size() == 1 && is_conflict(made[0].first, out.error().code)) count_conflict(*made[0].second);
  co_return out;
}

asio::awaitable<Result<List>> MeteredStore::list(const Kind& kind, ListOptions options) {
  const MonotonicTime begun = clock_.now();
  auto out = co_await inner_->list(kind, std::move(options));
  count(lists_, "list", kind, begun);
  co_return out;
}

}  // namespace kumasim::cp
