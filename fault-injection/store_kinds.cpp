/// Faults of a control plane's store and of its view of it, as of stores that are shared and lie behind a network.
#include "fault-injection/kinds.hpp"

namespace kumasim::fault {
namespace {

using Type = Parameter::Type;

Parameter share(std::string_view text) {
  return {.name = "share", .type = Type::percent, .text = text, .example = "[1%, 30%]", .fallback = "100%"};
}

Parameter late(std::string_view text) {
  return {.name = "late", .type = Type::duration, .text = text, .example = "[1s, 5s]", .required = true};
}

Kind kind(Kind out) {
  out.not_live = "nothing of the live world stands between kuma-cp and its store";
  out.stores = true;
  return out;
}

}  // namespace

std::vector<Kind> store_kinds() {
  auto in_store = [](Kind out) {
    out.ends = "mend the store of {}";
    out.end = "the store works again";
    return kind(std::move(out));
  };
  return {
      in_store({.name = "store.staleRead",
                .text = "What the control plane reads is as it was some time ago, as from a replica that lags",
                .begins = "let the reads of {} lag",
                .parameters = {late("how long ago")}}),
      in_store({.name = "store.conflict",
                .text = "Updates are refused as if another had written the resource since",
                .begins = "refuse updates of {}",
                .parameters = {share("how many updates")}}),
      in_store({.name = "store.txnAbort",
                .text = "Writes fail and change nothing",
                .begins = "abort writes of {}",
                .parameters = {share("how many writes")}}),
      in_store({.name = "store.webhookRejects",
                .text = "Writes are denied, as by an admission webhook of Kubernetes",
                .begins = "deny writes of {}",
                .parameters = {share("how many writes")}}),
      in_store({.name = "store.poolExhausted",
                .text = "All connections to the store are in use: reads and writes wait for one, and then fail",
                .begins = "take all connections of {} to its store",
                .parameters = {{.name = "wait",
                                .type = Type::duration,
                                .text = "how long one waits",
                                .example = "[100ms, 10s]",
                                .fallback = "5s"}}}),
  };
}

std::vector<Kind> view_kinds() {
  auto of_view = [](Kind out) {
    out.ends = "clear the view of {}";
    out.end = "changes are told at once; what was not told is not told later";
    return kind(std::move(out));
  };
  return {
      of_view({.name = "view.stale",
               .text = "The control plane hears of changes in its store late, in order",
               .begins = "let the view of {} lag",
               .parameters = {late("how much later")}}),
      of_view({.name = "view.unobserved",
               .text = "The control plane does not hear of changes in its store",
               .begins = "hide changes from {}",
               .parameters = {share("how many changes")}}),
      of_view({.name = "view.intermediate",
               .text = "The control plane dies and starts again each time that it has made so many writes, before it "
                       "knows of the last of them",
               .begins = "kill {} between its writes",
               .parameters = {{.name = "writes",
                               .type = Type::number,
                               .text = "after how many",
                               .unit = "writes",
                               .example = "[1, 20]",
                               .required = true,
                               .least = 1,
                               .most = 1'000'000}}}),
  };
}

}  // namespace kumasim::fault
