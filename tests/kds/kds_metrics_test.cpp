/// What Global counts of its streams with zones, as Prometheus reads it.
#include <gmock/gmock.h>

#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include "kds/zones_bed.hpp"
#include "reference-cp/kds/kds_metrics.hpp"

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
  /// Of a metric without labels; nothing where there is none.
  std::optional<double> value(const std::string& name) const {
    std::istringstream lines(text());
    for (std::string line; std::getline(lines, line);)
      if (line.starts_with(name + " ")) return std::stod(line.substr(name.size() + 1));
    return std::nullopt;
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
  for (const char* name : {"kds_delta_delivery_count", "component_zone_watch_count", "kds_resources_sync_count"})
    EXPECT_GT(counted.value(name), 0) << name;

  zones.create(zones.global(), timeout("t1"));
  zones.world.run_for(2s);
  EXPECT_THAT(counted.text(), AllOf(HasSubstr("kds_delta_responses_sent{type_url=\"MeshTimeout\"} 2\n"),
                                    HasSubstr("kds_delta_generation_count{reason=\"event\",result=\"changed\"} 1\n")));
}

/// A zone that hears late takes as long for the first change as for the one that waits behind it.
TEST(KdsMetrics, ADeliveryLastsFromTheChangeToItsOwnAnswer) {
  Counted counted;
  Zones zones(counted.options());
  zones.create(zones.global(), mesh("m"));
  zones.join("east");
  const double before = counted.value("kds_delta_delivery_sum").value(),
               count = counted.value("kds_delta_delivery_count").value();
  zones.world.network().clog_one_way(zones.process("global"), zones.process("east"));
  zones.create(zones.global(), timeout("t1"));
  zones.world.run_for(3s);
  zones.create(zones.global(), timeout("t2"));
  zones.world.run_for(3s);
  zones.world.network().release_one_way(zones.process("global"), zones.process("east"));
  zones.world.run_for(2s);
  EXPECT_EQ(counted.value("kds_delta_delivery_count").value() - count, 2);
  const double took = counted.value("kds_delta_delivery_sum").value() - before;
  EXPECT_GT(took, 5000 + 2000);
  EXPECT_LT(took, 6100 + 3100);
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
