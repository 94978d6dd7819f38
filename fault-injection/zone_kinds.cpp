/// Faults between the zones of a mesh and Global.
#include "fault-injection/kinds.hpp"

namespace kumasim::fault {
namespace {

using Type = Parameter::Type;

constexpr std::string_view from_within = "it is done from within Global's process";

}  // namespace

std::vector<Kind> zone_kinds() {
  return {
      {.name = "kds.streamDrop",
       .text = "Global ends streams of the zone (UNAVAILABLE) on a connection that goes on; the zone comes again after "
               "its back-off",
       .lasting = false,
       .begins = "drop the streams of {} to Global",
       .not_live = from_within,
       .parameters = {{.name = "stream",
                       .type = Type::word,
                       .text = "which of the two synchronisations, or all of the zone's streams",
                       .example = "zoneToGlobal",
                       .fallback = "all",
                       .words = {"all", "globalToZone", "zoneToGlobal"}}}},
      {.name = "kds.zoneDeletedMidStream",
       .text = "The Zone is removed from Global's store with all that came from it, while the zone is connected (the "
               "REST API refuses that); it comes anew",
       .lasting = false,
       .begins = "remove the Zone of {} at Global",
       .not_live = from_within},
      {.name = "kds.zoneRenamed",
       .text = "The zone's control plane is killed and starts at once with its store and the name ZONE-renamed; what "
               "Global has of the old name stays",
       .begins = "rename the zone of {}",
       .ends = "give the zone of {} its name back",
       .end = "it is killed and starts with its own name, and the Zone of the other is removed from Global's store",
       .not_live = "the live world starts its processes with what the scenario says"},
      {.name = "kds.resourceRefused",
       .text =
           "Global has a policy that every zone refuses as invalid, as one of a newer version may be; all else that "
           "it gives must arrive all the same",
       .begins = "give zones a policy of {} that they refuse",
       .ends = "delete the refused policy of {}",
       .end = "it is deleted",
       .not_live = from_within},
      {.name = "kds.reconnectElsewhere",
       .text = "The zone's connection to a replica of Global is reset; after its back-off the zone comes to another "
               "replica (needs topology.global.replicas)",
       .lasting = false,
       .begins = "send {} to another replica of Global"},
      {.name = "kds.splitGlobal",
       .text =
           "Replicas of Global on the lesser side are partitioned from the others and from the store that all share; "
           "zones stay with theirs. `target` is the one on the lesser side, or Global's name: the seed draws it",
       .whom = Whom::ways,
       .begins = "split {}",
       .ends = "end the split of {}",
       .end = "what is sent passes again",
       .made_of = "net.partition"},
      {.name = "store.leaderFlap",
       .text = "The lease by which one of several control planes leads is taken from it again and again; the next that "
               "looks has it. It is done in the process of the store that they share (needs `replicas`)",
       .begins = "take the lease in {} from who leads",
       .ends = "leave the lease in {} alone",
       .end = "who leads keeps the lease",
       .parameters = {{.name = "period",
                       .type = Type::duration,
                       .text = "from one loss to the next",
                       .example = "[6s, 12s]",
                       .fallback = "10s"}}},
  };
}

}  // namespace kumasim::fault
