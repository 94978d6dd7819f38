#include "reference-cp/xds/wire.hpp"

#include <google/protobuf/any.pb.h>
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <google/protobuf/message.h>

namespace kumasim::cp {
namespace {

using google::protobuf::io::CodedOutputStream;

/// REQUIRES: `size` is the message's ByteSizeLong(), which is not counted again.
void append_deterministic(std::string& out, const google::protobuf::Message& message, std::size_t size) {
  std::size_t before = out.size();
  out.resize(before + size);
  google::protobuf::io::ArrayOutputStream stream(out.data() + before, static_cast<int>(size));
  CodedOutputStream coded(&stream);
  coded.SetSerializationDeterministic(true);
  message.SerializeWithCachedSizes(&coded);
}

/// Tag and length of a length-delimited field.
void put_head(std::string& out, std::uint32_t field, std::size_t size) {
  std::uint8_t head[20];
  std::uint8_t* end = CodedOutputStream::WriteVarint32ToArray(field << 3 | 2, head);
  end = CodedOutputStream::WriteVarint64ToArray(size, end);
  out.append(reinterpret_cast<const char*>(head), static_cast<std::size_t>(end - head));
}

}  // namespace

std::string type_url_of(const google::protobuf::Message& message) {
  return "type.googleapis.com/" + message.GetDescriptor()->full_name();
}

std::string deterministic_bytes(const google::protobuf::Message& message) {
  std::string bytes;
  append_deterministic(bytes, message, message.ByteSizeLong());
  return bytes;
}

void pack(const google::protobuf::Message& message, google::protobuf::Any& any) {
  any.set_type_url(type_url_of(message));
  any.set_value(deterministic_bytes(message));
}

std::string any_bytes(std::string_view type_url, const google::protobuf::Message& message) {
  // Any.type_url = 1, Any.value = 2; an empty value is left out, as proto3 does.
  std::size_t size = message.ByteSizeLong();
  std::string bytes;
  bytes.reserve(type_url.size() + size + 16);
  put_head(bytes, 1, type_url.size());
  bytes.append(type_url);
  if (size == 0) return bytes;
  put_head(bytes, 2, size);
  append_deterministic(bytes, message, size);
  return bytes;
}

}  // namespace kumasim::cp
