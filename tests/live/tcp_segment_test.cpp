/// Segments are read as they were written, and wrong bits pass the checksum.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "reference-cp/live/tcp_segment.hpp"

namespace kumasim::live {
namespace {

constexpr std::size_t ip_at = 14, tcp_at = 34;

TcpSegment::End end_of(std::uint8_t host, std::uint16_t port) {
  return {.hardware = {2, 0, 0, 0, 0, host}, .address = 0x0a6b0000u + host, .port = port};
}

TcpSegment segment(std::size_t payload_bytes = 0) {
  return {.from = end_of(1, 40000),
          .to = end_of(2, 8080),
          .sequence = 0xfffffff0,
          .acknowledged = 0x01020304,
          .ack = true,
          .payload_bytes = payload_bytes};
}

/// As a host does that takes the frame (RFC 1071): 0xffff where all is well.
std::uint32_t sum_of(const Frame& frame, std::size_t from, std::size_t to, std::uint32_t sum = 0) {
  for (std::size_t at = from; at < to; at += 2)
    sum += static_cast<std::uint32_t>(frame[at] << 8 | (at + 1 < to ? frame[at + 1] : 0));
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16);
  return sum;
}

std::uint32_t tcp_sum(const Frame& frame) {
  std::uint32_t addresses = sum_of(frame, ip_at + 12, ip_at + 20);
  return sum_of(frame, tcp_at, frame.size(), addresses + 6 + static_cast<std::uint32_t>(frame.size() - tcp_at));
}

TEST(TcpSegment, IsReadAsItWasWritten) {
  Frame frame = frame_of(segment(3));
  ASSERT_EQ(frame.size(), 57u);
  std::optional<TcpSegment> read = read_segment(frame);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->from, end_of(1, 40000));
  EXPECT_EQ(read->to, end_of(2, 8080));
  EXPECT_EQ(read->sequence, 0xfffffff0u);
  EXPECT_EQ(read->acknowledged, 0x01020304u);
  EXPECT_TRUE(read->ack && !read->syn && !read->fin && !read->rst);
  EXPECT_EQ(read->payload_bytes, 3u);
  EXPECT_EQ(read->payload_at, 54u);
  EXPECT_EQ(sum_of(frame, ip_at, tcp_at), 0xffffu);
  EXPECT_EQ(tcp_sum(frame), 0xffffu);
}

TEST(TcpSegment, IsNothingElse) {
  Frame good = frame_of(segment());
  auto with = [&](std::size_t at, std::uint8_t byte) {
    Frame out = good;
    out[at] = byte;
    return read_segment(out);
  };
  EXPECT_FALSE(with(13, 6)) << "ARP";
  EXPECT_FALSE(with(ip_at + 9, 17)) << "UDP";
  EXPECT_FALSE(with(ip_at + 6, 0x20)) << "a fragment";
  EXPECT_FALSE(with(ip_at + 3, 255)) << "longer than the frame";
  EXPECT_FALSE(with(tcp_at + 12, 0xf0)) << "options that are not there";
  for (std::size_t size = 0; size < good.size(); ++size)
    EXPECT_FALSE(read_segment(Frame(good.begin(), good.begin() + static_cast<std::ptrdiff_t>(size)))) << size;
}

TEST(TcpSegment, IsRefusedAsAHostDoesThatKnowsNothingOfIt) {
  TcpSegment no = refusal_of(segment(3));
  EXPECT_EQ(no.to, end_of(1, 40000));
  EXPECT_EQ(no.sequence, 0x01020304u);
  EXPECT_TRUE(no.rst && !no.ack);
  TcpSegment asks = segment();
  asks.ack = false;
  asks.syn = true;
  ASSERT_TRUE(asks.opens());
  no = refusal_of(asks);
  EXPECT_EQ(no.acknowledged, 0xfffffff1u);
  EXPECT_TRUE(no.rst && no.ack);
}

RC_GTEST_PROP(TcpSegment, AWrongBitPassesTheChecksum, ()) {
  auto bytes = *rc::gen::inRange<std::size_t>(1, 100);
  auto bit = *rc::gen::inRange<std::size_t>(0, 8 * bytes);
  TcpSegment made = segment(bytes);
  made.sequence = *rc::gen::arbitrary<std::uint32_t>();
  Frame frame = frame_of(made);
  Frame before = frame;
  flip_bit(frame, *read_segment(frame), bit);
  RC_ASSERT(frame[54 + bit / 8] == (before[54 + bit / 8] ^ (1u << bit % 8)));
  RC_ASSERT(tcp_sum(frame) == 0xffffu);
  flip_bit(frame, *read_segment(frame), bit);
  RC_ASSERT(tcp_sum(frame) == 0xffffu);
}

}  // namespace
}  // namespace kumasim::live
