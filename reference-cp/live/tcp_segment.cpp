/// The bytes of the three headers.
#include "reference-cp/live/tcp_segment.hpp"

#include <algorithm>
#include <cassert>
#include <span>

namespace kumasim::live {
namespace {

constexpr std::size_t ethernet_bytes = 14, ip_bytes_min = 20, tcp_bytes_min = 20;
constexpr std::uint16_t ethertype_ipv4 = 0x0800;
constexpr std::uint8_t protocol_tcp = 6, hops = 64;
constexpr std::uint8_t flag_fin = 1, flag_syn = 2, flag_rst = 4, flag_ack = 16;

using Bytes = std::span<const std::uint8_t>;

std::uint16_t word_at(Bytes bytes, std::size_t at) {
  return static_cast<std::uint16_t>(bytes[at] << 8 | bytes[at + 1]);
}

std::uint32_t long_at(Bytes bytes, std::size_t at) {
  return std::uint32_t{word_at(bytes, at)} << 16 | word_at(bytes, at + 2);
}

void set_word(std::uint8_t* at, std::uint16_t value) {
  at[0] = static_cast<std::uint8_t>(value >> 8);
  at[1] = static_cast<std::uint8_t>(value);
}

void set_long(std::uint8_t* at, std::uint32_t value) {
  set_word(at, static_cast<std::uint16_t>(value >> 16));
  set_word(at + 2, static_cast<std::uint16_t>(value));
}

std::uint16_t fold(std::uint32_t sum) {
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<std::uint16_t>(sum);
}

std::uint32_t sum_of(Bytes bytes) {
  std::uint32_t sum = 0;
  for (std::size_t at = 0; at < bytes.size(); ++at) sum += at % 2 == 0 ? bytes[at] << 8 : bytes[at];
  return sum;
}

std::uint16_t inverse(std::uint32_t sum) { return static_cast<std::uint16_t>(~fold(sum)); }

}  // namespace

std::optional<TcpSegment> read_segment(const Frame& frame) {
  Bytes all(frame);
  if (all.size() < ethernet_bytes + ip_bytes_min || word_at(all, 12) != ethertype_ipv4) return std::nullopt;
  Bytes ip = all.subspan(ethernet_bytes);
  std::size_t header = (ip[0] & 15u) * 4u, length = word_at(ip, 2);
  bool fragment = (word_at(ip, 6) & 0x3fff) != 0;
  if (ip[0] >> 4 != 4 || ip[9] != protocol_tcp || fragment) return std::nullopt;
  if (header < ip_bytes_min || length < header + tcp_bytes_min || length > ip.size()) return std::nullopt;
  Bytes tcp = ip.subspan(header, length - header);
  std::size_t data = (tcp[12] >> 4) * 4u;
  if (data < tcp_bytes_min || data > tcp.size()) return std::nullopt;
  TcpSegment out;
  std::copy_n(all.begin(), 6, out.to.hardware.begin());
  std::copy_n(all.begin() + 6, 6, out.from.hardware.begin());
  out.from.address = long_at(ip, 12);
  out.to.address = long_at(ip, 16);
  out.from.port = word_at(tcp, 0);
  out.to.port = word_at(tcp, 2);
  out.sequence = long_at(tcp, 4);
  out.acknowledged = long_at(tcp, 8);
  out.fin = (tcp[13] & flag_fin) != 0;
  out.syn = (tcp[13] & flag_syn) != 0;
  out.rst = (tcp[13] & flag_rst) != 0;
  out.ack = (tcp[13] & flag_ack) != 0;
  out.payload_at = ethernet_bytes + header + data;
  out.payload_bytes = tcp.size() - data;
  return out;
}

Frame frame_of(const TcpSegment& segment) {
  std::size_t tcp_bytes = tcp_bytes_min + segment.payload_bytes;
  Frame out(ethernet_bytes + ip_bytes_min + tcp_bytes);
  std::ranges::copy(segment.to.hardware, out.begin());
  std::ranges::copy(segment.from.hardware, out.begin() + 6);
  set_word(&out[12], ethertype_ipv4);
  std::uint8_t* ip = &out[ethernet_bytes];
  ip[0] = 4 << 4 | ip_bytes_min / 4;
  set_word(ip + 2, static_cast<std::uint16_t>(ip_bytes_min + tcp_bytes));
  ip[8] = hops;
  ip[9] = protocol_tcp;
  set_long(ip + 12, segment.from.address);
  set_long(ip + 16, segment.to.address);
  set_word(ip + 10, inverse(sum_of({ip, ip_bytes_min})));
  std::uint8_t* tcp = ip + ip_bytes_min;
  set_word(tcp, segment.from.port);
  set_word(tcp + 2, segment.to.port);
  set_long(tcp + 4, segment.sequence);
  set_long(tcp + 8, segment.acknowledged);
  tcp[12] = tcp_bytes_min / 4 << 4;
  tcp[13] = static_cast<std::uint8_t>((segment.fin ? flag_fin : 0) | (segment.syn ? flag_syn : 0) |
                                      (segment.rst ? flag_rst : 0) | (segment.ack ? flag_ack : 0));
  // The addresses, the protocol and the length count too.
  std::uint32_t pseudo = sum_of({ip + 12, 8}) + protocol_tcp + static_cast<std::uint32_t>(tcp_bytes);
  set_word(tcp + 16, inverse(pseudo + sum_of({tcp, tcp_bytes})));
  return out;
}

TcpSegment refusal_of(const TcpSegment& segment) {
  assert(!segment.rst);
  TcpSegment out{.from = segment.to, .to = segment.from, .rst = true};
  if (segment.ack) {
    out.sequence = segment.acknowledged;
    return out;
  }
  auto length = static_cast<std::uint32_t>(segment.payload_bytes) + (segment.syn ? 1 : 0) + (segment.fin ? 1 : 0);
  out.ack = true;
  out.acknowledged = segment.sequence + length;
  return out;
}

void flip_bit(Frame& frame, const TcpSegment& segment, std::size_t bit) {
  assert(bit < 8 * segment.payload_bytes);
  std::size_t tcp_at = ethernet_bytes + (frame[ethernet_bytes] & 15u) * 4u;
  std::size_t at = segment.payload_at + bit / 8;
  bool high = (at - tcp_at) % 2 == 0;
  auto in_word = [&] { return static_cast<std::uint16_t>(high ? frame[at] << 8 : frame[at]); };
  std::uint16_t before = in_word();
  frame[at] ^= static_cast<std::uint8_t>(1u << bit % 8);
  std::uint16_t checksum = word_at(frame, tcp_at + 16);
  std::uint32_t sum = static_cast<std::uint16_t>(~checksum);
  sum += static_cast<std::uint16_t>(~before);
  sum += in_word();
  set_word(&frame[tcp_at + 16], inverse(sum));
}

}  // namespace kumasim::live
