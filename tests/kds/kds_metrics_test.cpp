/// What Global counts of its streams with zones, as Prometheus reads it.
#include <gmock/gmock.h>

#include <prometheus/text_serializer.h>

#include "kds/zones_bed.hpp"

namespace kumasim::cp::kds::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

struct Counted {
  prometheus::Registry registry;
  KdsMetrics metrics{registry};
  GlobalServerOptions options() {
    GlobalServerOptions out;
    out.metrics = &metrics;
    out.watch = {.poll_interval = 1s, .timeout = 1min};
    return out;
  }
  std::string text() const {
    std::ostringstream out;
    prometheus::TextSerializer().Serialize(out, registry.Collect());
    return out.str();
  }
};

TEST(KdsMetrics, StreamsAreCountedWhileTheyAreOpen) {
  Counted counted;
  Zones zones(counted.options());
  for (const char* zone : {"east", "west"}) zones.join(zone);
  EXPECT_THAT(counted.text(), AllOf(HasSubstr("kds_delta_streams_active 2\n"),
                                    HasSubstr("kds_delta_client_versions{client_version=\"2.12.14\"} 2\n")));
  zones.process("east").kill();
  zones.give_up("west");
  zones.world.run_for(2min);
  EXPECT_THAT(counted.text(), AllOf(HasSubstr("kds_delta_streams_active 0\n"), Not(HasSubstr("2.12.14"))));
}

TEST(KdsMetrics, WhatIsGivenAndAnsweredIsCountedByKind) {
  Counted counted;
  Zones zones(counted.options());
  zones.create(zones.global(), mesh("m"));
  zones.join("east");
  std::string text = counted.text();
  EXPECT_THAT(text, AllOf(HasSubstr("kds_delta_responses_sent{type_url=\"Mesh\"} 1\n"),
                          HasSubstr("kds_delta_responses_sent_bytes_count{type_url=\"Mesh\"} 1\n"),
                          HasSubstr("kds_delta_requests_received{confirmation=\"ACK\",error_type=\"no_error\","
                                    "type_url=\"Mesh\"} 1\n"),
                          HasSubstr("kds_delta_generation_count{reason=\"resync\",result=\"changed\"} 1\n"),
                          HasSubstr("kds_delta_generation_errors 0\n"), Not(HasSubstr("confirmation=\"NACK\""))));
  EXPECT_THAT(text, Not(HasSubstr("kds_delta_delivery_count 0\n")));
  EXPECT_THAT(text, Not(HasSubstr("component_zone_watch_count 0\n")));
  EXPECT_THAT(text, Not(HasSubstr("kds_resources_sync_count 0\n"))) << "the zone's insight and its like";

  zones.create(zones.global(), timeout("t1"));
  zones.world.run_for(2s);
  EXPECT_THAT(counted.text(), AllOf(HasSubstr("kds_delta_responses_sent{type_url=\"MeshTimeout\"} 2\n"),
                                    HasSubstr("kds_delta_generation_count{reason=\"event\",result=\"changed\"} 1\n")));
}

TEST(KdsMetrics, ARefusalIsCountedAsOne) {
  Counted counted;
  Zones zones(counted.options());
  zones.create(zones.global(), mesh("m"));
  zones.join("east");
  zones.create(zones.global(), timeout("wrong", "-1s"));
  zones.world.run_for(2s);
  EXPECT_THAT(counted.text(), HasSubstr("kds_delta_requests_received{confirmation=\"NACK\",error_type=\"other\","
                                        "type_url=\"MeshTimeout\"} 1\n"));
}

}  // namespace
}  // namespace kumasim::cp::kds::testing
