/// Faults of who runs a mesh: what an operator, or CI, does to the control plane's resources and to instances.
#include "fault-injection/kinds.hpp"

namespace kumasim::fault {
namespace {

using Type = Parameter::Type;

Parameter mesh() {
  return {.name = "mesh", .type = Type::text, .text = "of the resources", .example = "default", .fallback = "default"};
}

/// The resource that it is about.
std::vector<Parameter> resource(std::vector<Parameter> more = {}) {
  std::vector<Parameter> out{
      {.name = "kind",
       .type = Type::text,
       .text = "of the resource",
       .example = "MeshTrafficPermission",
       .required = true},
      {.name = "name", .type = Type::text, .text = "of the resource", .example = "all", .required = true},
      mesh()};
  out.insert(out.end(), more.begin(), more.end());
  return out;
}

Kind of_resources(Kind out) {
  out.whom = Whom::resources;
  out.recorded = false;
  return out;
}

Kind bad_policy() {
  return of_resources(
      {.name = "cfg.badPolicy",
       .text = "A policy is applied that should not be; that an invalid one is taken is a problem of the run",
       .begins = "apply a bad policy to {}",
       .ends = "delete the bad policy of {}",
       .end = "it is deleted",
       .parameters = {{.name = "what",
                       .type = Type::word,
                       .text = "invalid: the control plane must refuse it; nacked: it takes it, and the proxies that "
                               "call the first service with callers refuse what is made of it; deny: nobody may call "
                               "anybody; noTime: a request has 1 ms",
                       .example = "nacked",
                       .fallback = "invalid",
                       .words = {"invalid", "nacked", "deny", "noTime"}},
                      mesh()}});
}

Kind oversize() {
  return of_resources({.name = "cfg.oversize",
                       .text =
                           "A MeshAccessLog with a huge format is applied, which each proxy gets for each outbound in "
                           "place of another one for the whole mesh; the control plane may refuse it",
                       .begins = "apply an oversized policy to {}",
                       .ends = "delete the oversized policy of {}",
                       .end = "it is deleted",
                       .parameters = {{.name = "bytes",
                                       .type = Type::number,
                                       .text = "of the format",
                                       .unit = "bytes",
                                       .example = "[100000, 1000000]",
                                       .required = true,
                                       .least = 1,
                                       .most = 67'108'864},
                                      mesh()}});
}

Kind conflict() {
  return of_resources({.name = "cfg.conflict",
                       .text = "Several operators write one resource at the same moment, each with a label of its own; "
                               "some may be refused for the others",
                       .begins = "write {} from all sides",
                       .ends = "write {} as it was",
                       .end = "the resource is as it was",
                       .parameters = resource({{.name = "count",
                                                .type = Type::number,
                                                .text = "how many operators",
                                                .unit = "operators",
                                                .example = "[2, 10]",
                                                .fallback = "2",
                                                .least = 2,
                                                .most = 1000}})});
}

Kind delete_recreate() {
  return of_resources({.name = "cfg.deleteRecreate",
                       .text = "A resource is deleted, and made again at the end",
                       .begins = "delete {}",
                       .ends = "make {} again",
                       .end = "the resource is there again, as it was",
                       .parameters = resource()});
}

Kind mass_change() {
  return of_resources(
      {.name = "cfg.massChange",
       .text = "Many policies are applied at once: MeshTimeouts that set no more than Kuma's default, and come "
               "after the mesh's own",
       .begins = "apply many policies to {}",
       .ends = "delete the many policies of {}",
       .end = "they are deleted at once",
       .parameters = {{.name = "count",
                       .type = Type::number,
                       .text = "how many",
                       .unit = "policies",
                       .example = "[10, 200]",
                       .required = true,
                       .least = 1,
                       .most = 10'000},
                      mesh()}});
}

Kind label_flip() {
  return of_resources(
      {.name = "cfg.labelFlip",
       .text = "A label of a resource gets another value; of a Dataplane also the tag of that name",
       .begins = "flip a label of {}",
       .ends = "flip the label of {} back",
       .end = "the label has its former value, or is gone",
       .parameters =
           resource({{.name = "label", .type = Type::text, .text = "its name", .example = "team", .required = true},
                     {.name = "value",
                      .type = Type::text,
                      .text = "its other value",
                      .example = "other",
                      .fallback = "flipped"}})});
}

Kind rollback() {
  return of_resources({.name = "ops.rollback",
                       .text = "What `changes` did to a resource so far is taken back: it is as `resources` has it, or "
                               "gone",
                       .begins = "roll {} back",
                       .ends = "roll {} forward",
                       .end = "the resource is as its last change left it",
                       .parameters = resource()});
}

/// The chosen, one by one.
Parameter gap() {
  return {.name = "gap",
          .type = Type::duration,
          .text = "from one process to the next",
          .example = "[1s, 5s]",
          .fallback = "2s"};
}

Kind drain_zone() {
  return {.name = "ops.drainZone",
          .text = "The chosen processes, as those of a zone, leave one by one as for maintenance: each is stopped",
          .begins = "drain {}",
          .ends = "bring {} back",
          .end = "they start again, all at once",
          .made_of = "proc.stop",
          .parameters = {gap(),
                         {.name = "grace",
                          .type = Type::duration,
                          .text = "how long each may take to end",
                          .example = "[1s, 10s]",
                          .fallback = "5s"}}};
}

Kind upgrade_skew() {
  return {.name = "ops.upgradeSkew",
          .text = "The chosen processes start one by one as another version, so that both versions run side by side",
          .begins = "upgrade {}",
          .ends = "take the upgrade of {} back",
          .end = "they start again as before, all at once",
          .not_live = "the live world starts its processes with what the scenario says",
          .made_of = "proc.restartAs",
          .parameters = {gap(),
                         {.name = "set",
                          .type = Type::text,
                          .text = "NAME=VALUE: a setting of a control plane, or a tag of an instance",
                          .example = "version=v9",
                          .required = true}}};
}

}  // namespace

std::vector<Kind> configuration_kinds() {
  return {bad_policy(), oversize(), conflict(), delete_recreate(), mass_change(), label_flip()};
}

std::vector<Kind> operation_kinds() { return {rollback(), drain_zone(), upgrade_skew()}; }

}  // namespace kumasim::fault
