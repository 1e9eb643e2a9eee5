#include "graph/onnx_import.hpp"

#include <doctest/doctest.h>

#include <filesystem>

#include "ampd/error.hpp"
#include "base/files.hpp"
#include "onnx_builder.hpp"
#include "temporary_folder.hpp"

using namespace ampd;
using graph::Graph;
using tensor::DType;
using tensor::Tensor;

namespace {

/// x -> Relu "first" -> a -> Add w -> y
OnnxBuilder small_model() {
  OnnxBuilder model;
  model.input("x", DType::f32, {-1, 2});
  model.constant("w", Tensor::of<float>({2}, {1, 2}));
  model.node("Relu", {"x"}, {"a"}, {}, "first");
  model.node("Add", {"a", "w"}, {"y"});
  model.output("y");
  return model;
}

void check_refused(const OnnxBuilder& model, ErrorCode code, const std::string& part,
                   const std::filesystem::path& folder = {}) {
  try {
    model.import(folder);
  } catch (const Error& error) {
    CAPTURE(error.what());
    CHECK(error.code() == code);
    CHECK(std::string(error.what()).find(part) != std::string::npos);
    return;
  }
  FAIL("the model was read");
}

onnx::TensorProto& weights(OnnxBuilder& model) {
  return *model.model.mutable_graph()->mutable_initializer(0);
}

onnx::NodeProto& node(OnnxBuilder& model, int index) {
  return *model.model.mutable_graph()->mutable_node(index);
}

}  // namespace

TEST_CASE("a model is read with its names, shapes, symbols and constants") {
  const Graph graph = small_model().import();
  REQUIRE(graph.nodes.size() == 2);
  CHECK(graph.nodes[0].name == "first");
  CHECK(graph.nodes[1].name == "Add_1");
  CHECK(graph.nodes[1].opset == 13);
  REQUIRE(graph.inputs.size() == 1);
  CHECK(graph.value(graph.inputs[0]).shape == tensor::Shape{-1, 2});
  CHECK(graph.value(graph.inputs[0]).symbols == std::vector<std::string>{"N", ""});
  CHECK(graph.value(graph.nodes[1].inputs[1]).constant->values<float>()[1] == 2);
  CHECK(graph.value(graph.outputs.at(0)).name == "y");
}

TEST_CASE("node names become unique, the same ones each time") {
  OnnxBuilder model;
  model.input("x", DType::f32, {1});
  const char* names[] = {"n", "n", "", "n_2", "n"};
  std::string previous = "x";
  for (int i = 0; i < 5; ++i) {
    const std::string next = "v" + std::to_string(i);
    model.node("Relu", {previous}, {next}, {}, names[i]);
    previous = next;
  }
  model.output(previous);
  const Graph graph = model.import();
  const char* expected[] = {"n", "n_3", "Relu_2", "n_2", "n_4"};
  for (std::size_t i = 0; i < 5; ++i) CHECK(graph.nodes[i].name == expected[i]);
}

TEST_CASE("an initializer that is also listed as an input is a constant") {
  OnnxBuilder model = small_model();
  model.input("w", DType::f32, {2});
  CHECK(model.import().inputs.size() == 1);
}

TEST_CASE("attributes of every kind are read, with or without a type") {
  OnnxBuilder model = small_model();
  node(model, 0).add_attribute()->set_name("alpha");
  node(model, 0).mutable_attribute(0)->set_f(0.25F);
  auto* list = node(model, 0).add_attribute();
  list->set_name("pads");
  list->set_type(onnx::AttributeProto::INTS);
  list->add_ints(3);
  const Graph graph = model.import();
  CHECK(graph.nodes[0].attributes.real("alpha", 0) == 0.25F);
  CHECK(graph.nodes[0].attributes.integers("pads") == std::vector<std::int64_t>{3});
}

TEST_CASE("every element type is read from raw bytes and from typed fields") {
  struct Row {
    DType dtype;
    const char* field;
  };
  for (const Row& row :
       {Row{DType::f32, "float"}, Row{DType::f64, "double"}, Row{DType::i64, "int64"},
        Row{DType::u64, "uint64"}, Row{DType::u32, "uint64"}, Row{DType::i32, "int32"},
        Row{DType::i16, "int32"}, Row{DType::u16, "int32"}, Row{DType::i8, "int32"},
        Row{DType::u8, "int32"}, Row{DType::boolean, "int32"}, Row{DType::f16, "half"},
        Row{DType::bf16, "half"}}) {
    CAPTURE(tensor::to_string(row.dtype));
    const Tensor one = tensor::convert(Tensor::of<float>({2}, {1, 0}), row.dtype);
    onnx::TensorProto proto = OnnxBuilder::proto_of(one, "t");
    const auto read = [&proto] {
      const std::string text = proto.SerializeAsString();
      return graph::read_tensor_proto(std::as_bytes(std::span(text)), "t.pb").value;
    };
    CHECK(std::ranges::equal(read().bytes(), one.bytes()));
    proto.clear_raw_data();
    const std::string field = row.field;
    for (int element : {1, 0}) {
      if (field == "float") proto.add_float_data(static_cast<float>(element));
      if (field == "double") proto.add_double_data(element);
      if (field == "int64") proto.add_int64_data(element);
      if (field == "uint64") proto.add_uint64_data(static_cast<std::uint64_t>(element));
      if (field == "int32") proto.add_int32_data(element);
      const int bits = one.dtype() == DType::f16 ? 0x3c00 : 0x3f80;
      if (field == "half") proto.add_int32_data(element * bits);
    }
    CHECK(std::ranges::equal(read().bytes(), one.bytes()));
  }
}

TEST_CASE("a stored bool is 0 or 1 whatever its byte") {
  onnx::TensorProto proto;
  proto.set_data_type(onnx::TensorProto::BOOL);
  proto.add_dims(2);
  proto.set_raw_data(std::string("\x02\x00", 2));
  const std::string text = proto.SerializeAsString();
  const Tensor value = graph::read_tensor_proto(std::as_bytes(std::span(text)), "b.pb").value;
  CHECK(value.values<std::uint8_t>()[0] == 1);
  CHECK(value.values<std::uint8_t>()[1] == 0);
}

TEST_CASE("damaged bytes are refused at every length") {
  const std::string text = small_model().bytes();
  for (std::size_t size = 0; size < text.size(); ++size) {
    const auto bytes = std::as_bytes(std::span(text)).first(size);
    CHECK_THROWS_AS(graph::import_onnx(bytes, {}, "cut"), Error);
  }
}

TEST_CASE("wrong tensors are refused by name") {
  OnnxBuilder model = small_model();
  SUBCASE("too few bytes") {
    weights(model).set_raw_data("1234");
    check_refused(model, ErrorCode::invalid, "tensor w holds 4 bytes where its shape needs 8");
  }
  SUBCASE("huge extents without data") {
    weights(model).set_dims(0, std::int64_t{1} << 40);
    check_refused(model, ErrorCode::exhausted, "tensor w exceeds");
  }
  SUBCASE("extents whose product overflows") {
    weights(model).set_dims(0, std::int64_t{1} << 40);
    weights(model).add_dims(std::int64_t{1} << 40);
    check_refused(model, ErrorCode::exhausted, "too large");
  }
  SUBCASE("a negative extent") {
    weights(model).set_dims(0, -2);
    check_refused(model, ErrorCode::invalid, "tensor w has the negative extent -2");
  }
  SUBCASE("too many dimensions") {
    for (int i = 0; i < 20; ++i) weights(model).add_dims(1);
    check_refused(model, ErrorCode::invalid, "21 dimensions");
  }
  SUBCASE("strings") {
    weights(model).set_data_type(onnx::TensorProto::STRING);
    check_refused(model, ErrorCode::unsupported, "tensor w has the element type string");
  }
  SUBCASE("a number that its type cannot hold") {
    weights(model).clear_raw_data();
    weights(model).set_data_type(onnx::TensorProto::UINT8);
    weights(model).add_int32_data(1);
    weights(model).add_int32_data(256);
    check_refused(model, ErrorCode::invalid, "tensor w holds 256");
  }
  SUBCASE("a sparse initializer") {
    model.model.mutable_graph()->add_sparse_initializer()->mutable_values()->set_name("s");
    check_refused(model, ErrorCode::unsupported, "sparse initializer s");
  }
  SUBCASE("two initializers of one name") {
    model.constant("w", Tensor::of<float>({1}, {1}));
    check_refused(model, ErrorCode::invalid, "makes the value w twice");
  }
}

TEST_CASE("wrong references are refused by name") {
  OnnxBuilder model = small_model();
  SUBCASE("a value that nothing makes") {
    node(model, 1).set_input(1, "z");
    check_refused(model, ErrorCode::invalid, "reads z at node Add_1, which nothing makes");
  }
  SUBCASE("a cycle") {
    node(model, 0).set_input(0, "y");
    check_refused(model, ErrorCode::invalid, "not in topological order, or form a cycle");
  }
  SUBCASE("a value made twice") {
    node(model, 1).set_output(0, "a");
    check_refused(model, ErrorCode::invalid, "makes the value a twice");
  }
  SUBCASE("an output that nothing makes") {
    model.output("z");
    check_refused(model, ErrorCode::invalid, "lists the output z");
  }
  SUBCASE("no outputs") {
    model.model.mutable_graph()->clear_output();
    check_refused(model, ErrorCode::invalid, "has no outputs");
  }
  SUBCASE("a domain that is not imported") {
    node(model, 0).set_domain("com.example");
    check_refused(model, ErrorCode::invalid, "uses the domain \"com.example\" at node first");
  }
  SUBCASE("an attribute given twice") {
    for (int i = 0; i < 2; ++i) {
      node(model, 0).add_attribute()->set_name("alpha");
      node(model, 0).mutable_attribute(i)->set_f(1);
    }
    check_refused(model, ErrorCode::invalid, "repeated attribute, alpha, at node first");
  }
  SUBCASE("an input that is no tensor") {
    model.model.mutable_graph()->mutable_input(0)->mutable_type()->mutable_sequence_type();
    check_refused(model, ErrorCode::unsupported, "input x, which is not a dense tensor");
  }
  SUBCASE("no graph") {
    model.model.clear_graph();
    check_refused(model, ErrorCode::invalid, "holds no graph");
  }
}

TEST_CASE("a small file of countless empty parts is refused before it is parsed") {
  std::string graph;
  for (int i = 0; i < (3 << 20); ++i) graph += std::string("\x0a\x02\x2a\x00", 4);  // a node
  std::string bytes = "\x3a";  // the graph, with its length as a varint
  for (std::size_t size = graph.size(); size != 0; size >>= 7) {
    bytes += static_cast<char>((size & 0x7f) | (size > 0x7f ? 0x80 : 0));
  }
  bytes += graph;
  try {
    graph::import_onnx(std::as_bytes(std::span(bytes)), {}, "bomb");
    FAIL("the model was read");
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::exhausted);
    CHECK(std::string(error.what()).find("nodes, names and other parts") != std::string::npos);
  }
}

TEST_CASE("an opset outside of 1 to 21 is refused with its number") {
  for (const int opset : {0, 22}) {
    OnnxBuilder model(opset);
    model.input("x", DType::f32, {1});
    model.node("Relu", {"x"}, {"y"});
    model.output("y");
    check_refused(model, ErrorCode::unsupported, "has opset " + std::to_string(opset));
  }
}

TEST_CASE("external data is read from inside the model's folder only") {
  const TemporaryFolder folder;
  const TemporaryFolder outside;
  std::filesystem::create_directory(folder / "model");
  std::filesystem::create_directory(folder / "model/parts");
  const float numbers[] = {5, 6, 7};
  const std::string data(reinterpret_cast<const char*>(numbers), sizeof numbers);
  base::write_file(folder / "model/parts/w.bin", data);
  base::write_file(outside / "secret.bin", data);
  std::filesystem::create_symlink(outside / "secret.bin", folder / "model/link.bin");
  std::filesystem::create_directory_symlink(outside.path(), folder / "model/door");

  OnnxBuilder model = small_model();
  weights(model).clear_raw_data();
  weights(model).set_data_location(onnx::TensorProto::EXTERNAL);
  const auto set = [&model](const std::string& key, const std::string& value) {
    for (auto& entry : *weights(model).mutable_external_data()) {
      if (entry.key() == key) return entry.set_value(value);
    }
    onnx::StringStringEntryProto* entry = weights(model).add_external_data();
    entry->set_key(key);
    entry->set_value(value);
  };
  set("location", "parts/w.bin");
  set("offset", "4");
  set("length", "8");
  const std::filesystem::path home = folder / "model";
  const auto refused = [&](ErrorCode code, const std::string& part) {
    check_refused(model, code, part, home);
  };

  SUBCASE("at an offset") {
    const Graph graph = model.import(home);
    CHECK(graph.value(graph.nodes[1].inputs[1]).constant->values<float>()[0] == 6);
    CHECK(graph.external_files == std::vector<std::string>{"parts/w.bin"});
  }
  SUBCASE("not above the folder") {
    set("location", "../model/parts/w.bin");
    refused(ErrorCode::denied, "must not leave");
  }
  SUBCASE("not by an absolute path") {
    set("location", (home / "parts/w.bin").string());
    refused(ErrorCode::denied, "inside the model's folder");
  }
  SUBCASE("not through a link to a file") {
    set("location", "link.bin");
    refused(ErrorCode::denied, "symbolic link link.bin");
  }
  SUBCASE("not through a link to a folder") {
    set("location", "door/secret.bin");
    refused(ErrorCode::denied, "symbolic link door");
  }
  SUBCASE("not a folder") {
    set("location", "parts");
    refused(ErrorCode::invalid, "not a regular file");
  }
  SUBCASE("not an absent file") {
    set("location", "parts/v.bin");
    refused(ErrorCode::not_found, "parts/v.bin");
  }
  SUBCASE("not beyond the file's end") {
    set("offset", "8");
    refused(ErrorCode::invalid, "is too short");
  }
  SUBCASE("not at an offset that overflows") {
    set("offset", "9223372036854775807");
    refused(ErrorCode::invalid, "is too short");
  }
  SUBCASE("not with a negative offset") {
    set("offset", "-4");
    refused(ErrorCode::invalid, "has the offset");
  }
  SUBCASE("not with another length than the shape's") {
    set("length", "12");
    refused(ErrorCode::invalid, "12 bytes where the tensor needs 8");
  }
  SUBCASE("not without a folder") {
    check_refused(model, ErrorCode::not_found, "folder is not known");
  }
}
