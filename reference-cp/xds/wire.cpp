#include "reference-cp/xds/wire.hpp"

#include <google/protobuf/any.pb.h>
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <google/protobuf/message.h>

namespace kumasim::cp {

std::string type_url_of(const google::protobuf::Message& message) {
  return "type.googleapis.com/" + message.GetDescriptor()->full_name();
}

std::string deterministic_bytes(const google::protobuf::Message& message) {
  std::string bytes;
  google::protobuf::io::StringOutputStream stream(&bytes);
  {
    google::protobuf::io::CodedOutputStream coded(&stream);
    coded.SetSerializationDeterministic(true);
    message.SerializeToCodedStream(&coded);
  }
  return bytes;
}

void pack(const google::protobuf::Message& message, google::protobuf::Any& any) {
  any.set_type_url(type_url_of(message));
  any.set_value(deterministic_bytes(message));
}

std::string any_bytes(std::string_view type_url, const google::protobuf::Message& message) {
  google::protobuf::Any any;
  any.set_type_url(std::string(type_url));
  any.set_value(deterministic_bytes(message));
  return any.SerializeAsString();
}

}  // namespace kumasim::cp
