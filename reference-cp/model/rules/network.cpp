/// Forms of addresses, host names, URLs and SPIFFE IDs, without a system call.
#include "reference-cp/model/rules/network.hpp"

#include <algorithm>
#include <cstdint>
#include <string>

#include <boost/asio/ip/address.hpp>

namespace kumasim::cp {
namespace {

bool is_alnum(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); }

bool is_trust_domain_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_';
}

}  // namespace

bool is_ip(std::string_view text) {
  boost::system::error_code error;
  boost::asio::ip::make_address(std::string(text), error);
  return !error && text.find('%') == std::string_view::npos;
}

bool is_cidr(std::string_view text) {
  auto slash = text.find('/');
  if (slash == std::string_view::npos || !is_ip(text.substr(0, slash))) return false;
  std::string_view bits = text.substr(slash + 1);
  if (bits.empty() || bits.size() > 8) return false;
  int count = 0;
  for (char c : bits) {
    if (c < '0' || c > '9') return false;
    count = count * 10 + (c - '0');
  }
  return count <= (text.find(':') == std::string_view::npos ? 32 : 128);
}

bool is_dns_name(std::string_view text) {
  std::size_t without_dots = text.size() - static_cast<std::size_t>(std::ranges::count(text, '.'));
  if (text.empty() || without_dots > 255 || is_ip(text)) return false;
  auto good = [](char c) { return is_alnum(c) || c == '_'; };
  if (text.size() > 1 && text.back() == '.') text.remove_suffix(1);
  while (true) {
    auto dot = text.find('.');
    std::string_view label = text.substr(0, dot);
    if (label.size() == 64 && dot == std::string_view::npos && label.back() == '_') label.remove_suffix(1);
    if (label.empty() || label.size() > 63 || !good(label.front())) return false;
    if (!std::ranges::all_of(label, [good](char c) { return good(c) || c == '-'; })) return false;
    if (dot == std::string_view::npos) return true;
    text.remove_prefix(dot + 1);
  }
}

bool is_spiffe_id(std::string_view text) {
  constexpr std::string_view scheme = "spiffe://";
  if (!text.starts_with(scheme)) return false;
  text.remove_prefix(scheme.size());
  auto slash = text.find('/');
  std::string_view domain = text.substr(0, slash);
  if (domain.empty() || !std::ranges::all_of(domain, is_trust_domain_character)) return false;
  if (slash == std::string_view::npos) return true;
  text.remove_prefix(slash);
  while (!text.empty()) {
    text.remove_prefix(1);
    auto end = std::min(text.find('/'), text.size());
    std::string_view segment = text.substr(0, end);
    if (segment.empty() || segment == "." || segment == "..") return false;
    if (!std::ranges::all_of(segment, [](char c) { return is_alnum(c) || c == '-' || c == '.' || c == '_'; }))
      return false;
    text.remove_prefix(end);
  }
  return true;
}

bool is_request_uri(std::string_view text) {
  if (text.empty()) return false;
  auto bad = [](char c) { return static_cast<unsigned char>(c) <= 0x20 || c == 0x7f; };
  if (std::ranges::any_of(text, bad)) return false;
  if (text.front() == '/') return true;
  auto colon = text.find(':');
  if (colon == std::string_view::npos || colon == 0) return false;
  std::string_view scheme = text.substr(0, colon);
  return is_alnum(scheme[0]) && !(scheme[0] >= '0' && scheme[0] <= '9') &&
         std::ranges::all_of(scheme, [](char c) { return is_alnum(c) || c == '+' || c == '-' || c == '.'; });
}

}  // namespace kumasim::cp
