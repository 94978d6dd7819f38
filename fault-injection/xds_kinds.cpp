/// Faults of the conversation between proxies and the control plane, and of the certificates that come by it.
#include "fault-injection/kinds.hpp"

namespace kumasim::fault {
namespace {

using Type = Parameter::Type;

constexpr std::string_view not_live = "a real Envoy's conversation is its own; it needs a proxy between the two";

Kind of_proxies(Kind out) {
  out.proxies = true;
  out.not_live = not_live;
  if (out.lasting && out.ends.empty()) out.ends = "let {} converse as it should";
  if (out.lasting && out.end.empty()) out.end = "the proxy follows the protocol again";
  return out;
}

/// Types of resources as events name them.
Parameter type_of_resources(std::string_view name, std::string_view text, std::string_view fallback = "all") {
  return {.name = name,
          .type = Type::word,
          .text = text,
          .example = "Listener",
          .fallback = fallback,
          .required = fallback.empty(),
          .words = {"all", "Cluster", "ClusterLoadAssignment", "Listener", "RouteConfiguration", "Secret"}};
}

Parameter which() { return type_of_resources("type", "the type of resources that it is about"); }

}  // namespace

std::vector<Kind> discovery_kinds() {
  return {
      of_proxies({.name = "xds.nack",
                  .text = "The proxy refuses responses: their resources do not decode, and it keeps those that it has",
                  .begins = "let {} refuse configuration",
                  .end = "the next response is taken; what was refused is sent again where it is another one by then",
                  .parameters = {which()}}),
      of_proxies({.name = "xds.nackThenGoaway",
                  .text = "The proxy refuses the next response, and then loses its stream to the control plane",
                  .begins = "let {} refuse a response and lose its stream",
                  .parameters = {which()}}),
      of_proxies({.name = "xds.ackLost",
                  .text = "The proxy takes responses and its answers are lost; the rest of the stream goes on",
                  .begins = "lose the answers of {}",
                  .end = "answers arrive again; those that were lost do not come",
                  .parameters = {which()}}),
      of_proxies({.name = "xds.neverAck",
                  .text = "The proxy takes responses and answers none of them",
                  .begins = "let {} answer nothing",
                  .end = "the proxy answers all that it owes",
                  .parameters = {which()}}),
      of_proxies({.name = "xds.ackLate",
                  .text = "What the proxy says comes late: its answers and what it asks for",
                  .begins = "delay the answers of {}",
                  .parameters = {which(),
                                 {.name = "delay",
                                  .type = Type::duration,
                                  .text = "how late",
                                  .example = "[1s, 3s]",
                                  .required = true}}}),
      of_proxies({.name = "xds.oldNonce",
                  .text = "The proxy's answers name the response before the last one",
                  .begins = "let {} answer with old nonces",
                  .end = "the proxy gives its last answer again, as it should have been",
                  .parameters = {which()}}),
      of_proxies({.name = "xds.duplicateSubscribe",
                  .text = "All that the proxy says, it says twice",
                  .begins = "let {} say everything twice",
                  .parameters = {which()}}),
      of_proxies({.name = "xds.resubscribeStorm",
                  .text = "The proxy sends its subscriptions again and again, though nothing has changed",
                  .begins = "let {} ask again and again",
                  .parameters = {which(),
                                 {.name = "period",
                                  .type = Type::duration,
                                  .text = "from one time to the next",
                                  .example = "[10ms, 1s]",
                                  .fallback = "100ms"}}}),
      of_proxies({.name = "xds.unknownType",
                  .text = "The proxy asks for a type of resources that there is not",
                  .lasting = false,
                  .begins = "let {} ask for an unknown type"}),
      of_proxies({.name = "xds.order",
                  .text = "The proxy handles responses of one type after the next one of another: endpoints before "
                          "clusters, or routes before listeners",
                  .begins = "let {} handle responses in another order",
                  .end = "what still waits is handled",
                  .parameters = {type_of_resources("type", "what waits", ""),
                                 type_of_resources("behind", "what it waits for; all: any other type")}}),
      of_proxies({.name = "xds.removalLost",
                  .text = "The proxy acknowledges responses and goes on with what they remove",
                  .begins = "keep removals from {}",
                  .ends = "let {} remove what is gone",
                  .end = "what was removed meanwhile and has not come again goes",
                  .parameters = {{.name = "type",
                                  .type = Type::word,
                                  .text = "the type of resources that it is about",
                                  .example = "Listener",
                                  .fallback = "all",
                                  .words = {"all", "Cluster", "Listener"}}}}),
      of_proxies({.name = "xds.churn",
                  .text = "The proxy ends its stream again and again, and opens another one",
                  .begins = "let {} change its stream",
                  .parameters = {{.name = "period",
                                  .type = Type::duration,
                                  .text = "from one end to the next",
                                  .example = "[1s, 3s]",
                                  .fallback = "5s"}}}),
  };
}

std::vector<Kind> certificate_kinds() {
  auto of_authority = [](Kind out) {
    out.whom = Whom::resources;
    out.authority = true;
    out.recorded = false;
    out.parameters.push_back({.name = "mesh",
                              .type = Type::text,
                              .text = "whose authority it is: its enabled backend's, which is kept in secrets",
                              .example = "default",
                              .fallback = "default"});
    return out;
  };
  return {
      of_authority(
          {.name = "pki.rotateCA",
           .text = "The mesh's certificate authority is exchanged for a new one",
           .lasting = false,
           .begins = "rotate the CA of {}",
           .parameters = {{.name = "how",
                           .type = Type::word,
                           .text = "staged: the new one is trusted, then it signs, then the old one is trusted "
                                   "no more; atOnce: it takes the old one's place",
                           .example = "staged",
                           .fallback = "staged",
                           .words = {"staged", "atOnce"}},
                          {.name = "pause",
                           .type = Type::duration,
                           .text = "from one step to the next, where it is staged",
                           .example = "[5s, 30s]",
                           .fallback = "10s"}}}),
      of_authority({.name = "pki.caExpired",
                    .text = "The certificate of the mesh's authority ends, and all that it has signed with it",
                    .begins = "let the CA of {} end",
                    .ends = "give {} its CA back",
                    .end = "its certificate is the one before, unless it was exchanged meanwhile",
                    .parameters = {{.name = "after",
                                    .type = Type::duration,
                                    .text = "how long it still lasts",
                                    .example = "[1s, 10s]",
                                    .fallback = "1s"}}}),
      of_proxies(
          {.name = "pki.wrongSan",
           .text = "The proxy shows the certificate of another service, as if it had been issued to it",
           .begins = "give {} another service's certificate",
           .ends = "let {} show its own certificate",
           .end = "it shows its own certificate again",
           .parameters = {{.name = "of",
                           .type = Type::text,
                           .text = "the other service; of its instances the first that has a certificate when it "
                                   "begins; where none has one, nothing happens",
                           .example = "backend",
                           .required = true}}}),
      of_proxies({.name = "pki.bundleLag",
                  .text = "The proxy acknowledges new trust bundles and goes on with those that it has",
                  .begins = "keep new trust bundles from {}",
                  .ends = "let {} have its trust bundles",
                  .end = "the newest ones are in use"}),
      of_proxies({.name = "pki.leafExpired",
                  .text = "The proxy acknowledges new certificates and goes on with the one that it has, which ends",
                  .begins = "keep new certificates from {}",
                  .ends = "let {} have its certificate",
                  .end = "the newest one is in use"}),
      of_proxies({.name = "pki.revokedToken",
                  .text = "The proxy's token is revoked: it keeps its stream and is refused another one",
                  .begins = "revoke the token of {}",
                  .ends = "take the token of {} back into use",
                  .end = "the token is good again"}),
      of_proxies({.name = "pki.slowSigner",
                  .text = "New certificates come late",
                  .begins = "delay the certificates of {}",
                  .ends = "let {} have its certificates in time",
                  .end = "certificates come at once, also those that were on their way",
                  .parameters = {{.name = "delay",
                                  .type = Type::duration,
                                  .text = "how late",
                                  .example = "[1s, 20s]",
                                  .required = true}}}),
  };
}

}  // namespace kumasim::fault
