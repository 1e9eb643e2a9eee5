// The verbs that need a worker and no daemon: inspect, plan, eval, exec, bench, validate, doctor.
#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "data/npy.hpp"
#include "evaluation/small_model.hpp"
#include "site.hpp"

using namespace ampd;
using ampd::evaluation::SmallModel;

namespace {

bool holds(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

std::vector<std::string> keys(const Json& object) {
  std::vector<std::string> names;
  for (const auto& [name, value] : object.items()) names.push_back(name);
  return names;
}

/// A small model with its data, a job over it, and ampctl.
class Bench {
 public:
  Bench() { small.job("topk: 1"); }

  std::string path(const std::string& name) const { return small.path(name).string(); }
  void write(const std::string& name, const std::string& text, unsigned mode = 0644) const {
    base::write_file(small.path(name), text, mode);
  }

  /// What stderr says of a call that ends with `code`.
  std::string complaint(int code, const std::vector<std::string>& arguments) const {
    const Result result = site.ctl(arguments);
    CAPTURE(result.output);
    CAPTURE(result.error);
    CHECK(result.code == code);
    CHECK(result.output.empty());
    return result.error;
  }

  SmallModel small;
  Site site;
};

}  // namespace

TEST_CASE("inspect tells what a model is") {
  const Bench bench;
  const Json found = bench.site.ask({"inspect", bench.path("model.onnx")});
  CHECK(found["opset"] == 13);
  CHECK(found["inputs"] == Json::parse(R"([{"name": "x", "dtype": "float32", "shape": [-1, 3, 8, 8],
                         "symbols": ["N", "", "", ""]}])"));
  CHECK(found["outputs"][0]["shape"] == Json::parse("[-1, 5]"));
  CHECK(found["tunable_ops"] == 2);
  CHECK(found["unsupported"].empty());
  CHECK(found["missing_feature"].is_null());
  CHECK(found["emulated"].is_boolean());
  const Json& op = found["ops"][0];
  CHECK(keys(op) == std::vector<std::string>{"name", "type", "tunable", "precisions", "flops",
                                             "bytes", "absorbed"});
  CHECK(op["name"] == "conv");
  CHECK(op["precisions"] == Json::parse(R"(["fp32", "bf16"])"));
  CHECK(op["absorbed"] == Json::parse(R"(["relu"])"));

  const Result text = bench.site.ctl({"inspect", bench.path("model.onnx")});
  CHECK(holds(text.output, "input x: float32 Nx3x8x8"));
  CHECK(holds(text.output, "2 tunable operators"));
  CHECK(bench.site.ctl({"--json", "inspect", bench.path("model.onnx")}).json() == found);
  CHECK(text.error.empty() == (found["emulated"] == false));
}

TEST_CASE("inspect says why operators on float16 are not tuned") {
  const Bench bench;
  OnnxBuilder builder(13);
  builder.input("x", tensor::DType::f16, {2, 4});
  builder.constant("w", tensor::Tensor(tensor::DType::f16, {4, 3}));
  builder.node("MatMul", {"x", "w"}, {"y"}, {}, "product");
  builder.output("y");
  bench.write("half.onnx", builder.bytes());
  const Result text = bench.site.ctl({"inspect", bench.path("half.onnx")});
  CHECK(text.code == 0);
  CHECK(holds(text.output, "0 tunable operators"));
  CHECK(holds(text.error, "oneDNN has no kernel that computes in it on this CPU"));
}

TEST_CASE("plan predicts what a job takes") {
  const Bench bench;
  const std::string job = bench.path("job.yaml");
  const Json found = bench.site.ask({"plan", job, "--memory-mib", "4096"});
  CHECK(keys(found) == std::vector<std::string>{
                           "trials", "passes", "batches", "preparation_seconds", "latency_seconds",
                           "total_seconds", "memory_bytes", "memory_budget_bytes", "end",
                           "refine_trials", "refine_seconds", "stages"});
  CHECK(found["trials"] == 5);
  CHECK(found["batches"] == 6);
  CHECK(found["end"] == "exhausted");
  CHECK(found["memory_budget_bytes"] == std::int64_t{4} << 30);
  CHECK(found["memory_bytes"] > 1 << 20);
  CHECK(found["latency_seconds"] > 0);
  REQUIRE(found["stages"].size() == 4);
  const Json& last = found["stages"][3];
  CHECK(keys(last) == std::vector<std::string>{"stage", "trials", "reused", "passes", "seconds",
                                               "ends_by_seconds"});
  CHECK(found["stages"][0]["ends_by_seconds"].is_null());
  CHECK(last["ends_by_seconds"] == found["total_seconds"]);
  CHECK(last["reused"] == 1);
  CHECK(last["passes"] == 0);

  const Result text = bench.site.ctl({"plan", job, "--trials-together", "1", "--threads", "1"});
  CHECK(text.code == 0);
  CHECK(text.error.empty());
  CHECK(holds(text.output, "fallback          2       2"));
  CHECK(holds(text.output, "5 trials in 4 passes of 6 batches, in "));
  CHECK(holds(text.output, "operators hurt in an order drawn from seed 1978"));
  CHECK(!holds(text.output, "refine"));
}

TEST_CASE("plan leaves a job's command alone and says that its time is not known") {
  const Bench bench;
  bench.write("job.yaml",
              "model: {name: small, path: model.onnx}\n"
              "evaluation: {eval_func: {command: [./score.sh], timeout: 30}}\n");
  bench.write("score.sh", "#!/bin/sh\ntouch \"$(dirname \"$0\")/was_run\"\necho 1\n", 0755);
  const std::string job = bench.path("job.yaml");
  const Json found = bench.site.ask({"plan", job});
  CHECK(found["trials"] == 5);
  CHECK(found["passes"] == 4);
  CHECK(found["total_seconds"].is_null());
  CHECK(found["stages"][1]["seconds"].is_null());
  CHECK(holds(bench.site.ctl({"plan", job}).output, "a trial takes as long as the job's command"));
  CHECK(!std::filesystem::exists(bench.path("was_run")));
}

TEST_CASE("eval evaluates one config of a job") {
  const Bench bench;
  const std::string job = bench.path("job.yaml");
  const Json fp32 = bench.site.ask({"eval", job});
  CHECK(keys(fp32) == std::vector<std::string>{"accuracy", "samples", "seconds"});
  CHECK(fp32["samples"] == SmallModel::samples);
  CHECK(fp32["accuracy"] >= 0);
  CHECK(fp32["accuracy"] <= 1);

  bench.small.job("sqnr: {}");
  CHECK(bench.site.ask({"eval", job})["accuracy"] == 200);
  const Json bf16 = bench.site.ask({"eval", job, "--precision", "bf16"});
  CHECK(bf16["accuracy"] < 100);
  bench.write("both.json", R"({"ops": {"conv": "bf16", "fc": "bf16"}})");
  bench.write("one.json", R"({"ops": {"fc": "bf16"}})");
  CHECK(bench.site.ask({"eval", job, "--config", bench.path("both.json")})["accuracy"] ==
        bf16["accuracy"]);
  CHECK(bench.site.ask({"eval", job, "--config", bench.path("one.json"), "--threads",
                        "1"})["accuracy"] != bf16["accuracy"]);
  CHECK(holds(bench.site.ctl({"eval", job}).output, "accuracy 200.000000 on 23 samples in "));
}

TEST_CASE("eval runs a job's command as a search would") {
  const Bench bench;
  bench.write("job.yaml",
              "model: {name: small, path: model.onnx}\n"
              "evaluation: {eval_func: {command: [./score.sh], timeout: 30}}\n");
  bench.write("score.sh",
              "#!/bin/sh\ntest -f \"$AMPD_MODEL\" || exit 9\n"
              "echo scoring\ngrep -o bf16 \"$AMPD_CONFIG\" | wc -l\n",
              0755);
  const std::string job = bench.path("job.yaml");
  CHECK(bench.site.ask({"eval", job})["accuracy"] == 0);
  const Json low = bench.site.ask({"eval", job, "--precision", "bf16"});
  CHECK(low["accuracy"] == 2);
  CHECK(low["samples"].is_null());
  bench.write("score.sh", "#!/bin/sh\necho no data >&2\nexit 4\n", 0755);
  CHECK(holds(bench.complaint(1, {"eval", job}),
              "./score.sh ended with status 4; its last output: \"no data\""));
}

TEST_CASE("exec writes each output as an array") {
  const Bench bench;
  const std::string input = "x=" + bench.path("x.npy");
  const Json found = bench.site.ask(
      {"exec", "--input", input, bench.path("model.onnx"), "--output-dir", bench.path("out/deep")});
  REQUIRE(found["outputs"].size() == 1);
  CHECK(found["outputs"][0]["name"] == "y");
  CHECK(found["outputs"][0]["file"] == bench.path("out/deep/y.npy"));
  const auto fp32 = data::read_npy(bench.path("out/deep/y.npy"));
  CHECK(fp32.shape() == tensor::Shape{SmallModel::samples, SmallModel::classes});
  bench.site.ask({"exec", bench.path("model.onnx"), "--input", input, "--output-dir",
                  bench.path("low"), "--precision", "bf16"});
  const auto bf16 = data::read_npy(bench.path("low/y.npy"));
  CHECK(bf16.dtype() == tensor::DType::f32);
  CHECK(!std::ranges::equal(fp32.bytes(), bf16.bytes()));
}

TEST_CASE("exec makes file names of output names, or says why not") {
  const Bench bench;
  const auto model = [&](const char* second) {
    OnnxBuilder builder(13);
    builder.input("x", tensor::DType::f32, {2});
    builder.node("Relu", {"x"}, {"a/b"});
    builder.node("Neg", {"x"}, {second});
    builder.output("a/b");
    builder.output(second);
    bench.write("two.onnx", builder.bytes());
  };
  base::write_file(bench.path("in.npy"), data::write_npy(tensor::Tensor::of<float>({2}, {-1, 2})));
  const std::vector<std::string> call{"exec",         bench.path("two.onnx"),
                                      "--input",      "x=" + bench.path("in.npy"),
                                      "--output-dir", bench.path("out")};
  model("c");
  CHECK(bench.site.ctl(call).code == 0);
  CHECK(data::read_npy(bench.path("out/a_b.npy")).values<float>()[1] == 2);
  CHECK(data::read_npy(bench.path("out/c.npy")).values<float>()[1] == -2);
  model("a_b");
  CHECK(holds(bench.complaint(6, call), "a/b and a_b would both become the file a_b.npy"));
}

namespace {

void check_peaks(const Json& peaks, int threads) {
  CHECK(keys(peaks) == std::vector<std::string>{"threads", "fp32_gflops", "bf16_gflops",
                                                "int8_gops", "read_gbytes", "copy_gbytes",
                                                "triad_gbytes"});
  CHECK(peaks["threads"] == threads);
  CHECK(peaks["fp32_gflops"] > 0.1);
  for (const char* kind : {"read_gbytes", "copy_gbytes", "triad_gbytes"}) CHECK(peaks[kind] > 0.1);
}

const Json& check_named(const Json& found, const std::string& name) {
  for (const Json& check : found["checks"]) {
    if (check["name"] == name) return check;
  }
  FAIL("there is no check of " << name);
  return found;
}

}  // namespace

TEST_CASE("doctor measures the machine and says what to do about it") {
  const Bench bench;
  const Json found = bench.site.ask({"doctor", "--threads", "2"});
  CHECK(keys(found) == std::vector<std::string>{"checks", "precisions", "peaks", "fingerprint"});
  REQUIRE(found["peaks"].size() == 2);
  check_peaks(found["peaks"][0], 1);
  check_peaks(found["peaks"][1], 2);
  REQUIRE(found["precisions"].size() == 4);
  CHECK(
      found["precisions"][0] ==
      Json::parse(R"({"precision": "fp32", "offered": true, "emulated": false, "missing": null})"));
  CHECK(found["precisions"][1]["offered"] != found["peaks"][0]["bf16_gflops"].is_null());
  for (const Json& check : found["checks"]) {
    CHECK((check["status"] == "ok") == check["remedy"].is_null());
  }
  CHECK(check_named(found, "state directory")["status"] == "ok");
  CHECK(check_named(found, "system calls")["status"] == "ok");
  CHECK(check_named(found, "spin count")["found"] == "2000");
  CHECK(!std::filesystem::exists(bench.site.folder() / "nowhere"));
}

TEST_CASE("doctor warns of what it finds amiss") {
  const Bench bench;
  Environment environment = bench.site.environment();
  environment.insert(environment.end(), {{"ONEDNN_MAX_CPU_ISA", "AVX2"}, {"OMP_PLACES", "cores"}});
  Program program(
      {AMPCTL_PROGRAM, "doctor", "--threads", "1", "--state-dir", bench.path("x.npy"), "--json"},
      environment);
  REQUIRE(program.code() == 0);
  const Json found = Json::parse(program.output());
  REQUIRE(found["peaks"].size() == 1);
  CHECK(found["peaks"][0]["bf16_gflops"].is_null());
  CHECK(found["precisions"][1]["missing"] == "avx512_core");
  for (const char* name : {"precisions", "ONEDNN_MAX_CPU_ISA", "OMP_PLACES", "state directory"}) {
    CHECK(check_named(found, name)["status"] == "warning");
  }
  const Result text = bench.site.ctl({"doctor", "--threads", "1"});
  CHECK(holds(text.output, "fp32 GFLOP/s"));
  CHECK(holds(text.output, "file system"));
}

TEST_CASE("bench measures a model") {
  const Bench bench;
  const Json found = bench.site.ask({"bench", bench.path("model.onnx"), "--shape", "x=4x3x8x8",
                                     "--threads", "1", "--rounds", "5", "--warmup", "1"});
  CHECK(keys(found) == std::vector<std::string>{"latency_ms", "gflops", "peaks", "ops"});
  CHECK(keys(found["latency_ms"]) == std::vector<std::string>{"median", "p10", "p90"});
  CHECK(found["latency_ms"]["median"] > 0);
  CHECK(found["gflops"] > 0);
  CHECK(keys(found["ops"][0]) == std::vector<std::string>{"name", "type", "implementation", "dtype",
                                                          "ms", "flops", "bytes", "gflops",
                                                          "gbytes_per_second", "share_of_compute",
                                                          "share_of_memory", "bound"});
  check_peaks(found["peaks"], 1);
  for (const Json& op : found["ops"]) {
    CAPTURE(op.dump());
    if (op["flops"] == 0) CHECK(op["gflops"].is_null());
    if (op["type"] != "Conv") continue;
    CHECK(op["gflops"] > 0);
    CHECK(op["share_of_compute"] <= 1.5);  // other work may have slowed the peaks down
    const bool is_compute = op["share_of_compute"] > op["share_of_memory"];
    CHECK(op["bound"] == (is_compute ? "compute" : "memory"));
  }
  bench.write("one.json", R"({"ops": {"fc": "bf16"}})");
  const Json mixed =
      bench.site.ask({"bench", bench.path("model.onnx"), "--config", bench.path("one.json"),
                      "--input", "x=" + bench.path("x.npy"), "--rounds", "2"});
  const auto dtype_of = [&](const std::string& name) {
    for (const Json& op : mixed["ops"]) {
      if (op["name"] == name && op["type"] != "reorder") return op["dtype"].get<std::string>();
    }
    return std::string();
  };
  CHECK(dtype_of("conv") == "float32");
  CHECK(dtype_of("fc") == "bfloat16");
}

namespace {

/// A conformance case that adds two numbers, or does something unknown.
void write_case(const std::filesystem::path& folder, const char* op_type, float expected) {
  OnnxBuilder builder(13);
  builder.input("a", tensor::DType::f32, {1});
  builder.input("b", tensor::DType::f32, {1});
  builder.node(op_type, {"a", "b"}, {"y"});
  builder.output("y");
  std::filesystem::create_directories(folder / "test_data_set_0");
  base::write_file(folder / "model.onnx", builder.bytes());
  const auto write = [&](const char* name, float value) {
    base::write_file(
        folder / "test_data_set_0" / name,
        OnnxBuilder::proto_of(tensor::Tensor::of<float>({1}, {value}), "").SerializeAsString());
  };
  write("input_0.pb", 1);
  write("input_1.pb", 2);
  write("output_0.pb", expected);
}

}  // namespace

TEST_CASE("validate counts conformance cases, and fails when one does") {
  const Bench bench;
  write_case(bench.path("cases/add"), "Add", 3);
  write_case(bench.path("cases/strange"), "Strange", 3);
  const Json good = bench.site.ask({"validate", bench.path("cases")});
  CHECK(keys(good) == std::vector<std::string>{"passed", "failed", "unsupported", "cases"});
  CHECK(good["passed"] == 1);
  CHECK(good["failed"] == 0);
  CHECK(good["unsupported"] == 1);
  CHECK(good["cases"][0] ==
        Json::parse(R"({"name": "add", "status": "passed", "reason": "", "max_abs_error": 0.0})"));
  CHECK(good["cases"][1]["name"] == "strange");
  CHECK(good["cases"][1]["max_abs_error"].is_null());

  write_case(bench.path("cases/wrong"), "Add", 4);
  const Result bad = bench.site.ctl({"validate", bench.path("cases"), "--json"});
  CHECK(bad.code == 1);
  CHECK(bad.json()["failed"] == 1);
  CHECK(bad.json()["cases"][2]["max_abs_error"] == 1);
  const Result one = bench.site.ctl(
      {"validate", bench.path("cases/wrong"), "--atol", "1", bench.path("cases/add") + "/"});
  CHECK(one.code == 0);
  CHECK(holds(one.output, "2 passed, 0 failed, 0 unsupported"));
  CHECK(holds(bench.complaint(3, {"validate", bench.path("")}), "no conformance case"));
}

TEST_CASE("a case of which the worker dies is a failed one, and the next one runs") {
  const Bench bench;
  write_case(bench.path("cases/first"), "Add", 3);
  write_case(bench.path("cases/second"), "Add", 3);
  Environment environment = bench.site.environment();
  environment.front() = {"AMPD_WORKER", SCRIPTED_WORKER};
  Program program({AMPCTL_PROGRAM, "validate", bench.path("cases"), "--json"}, environment);
  CHECK(program.code() == 1);
  const Json found = Json::parse(program.output());
  CHECK(found["failed"] == 2);
  for (const Json& one : found["cases"]) {
    CHECK(holds(one["reason"], "the worker was killed by signal 6 (Aborted)"));
  }
}

TEST_CASE("misuse of these verbs is one line and the right exit code") {
  const Bench bench;
  const std::string model = bench.path("model.onnx");
  struct Row {
    int code;
    std::vector<std::string> arguments;
    const char* sentence;
  };
  bench.write("noise.onnx", "noise");
  bench.write("noise.yaml",
              "model: {name: noise, path: noise.onnx}\n"
              "evaluation: {eval_func: {command: [./score.sh]}}\n");
  bench.write("score.sh", "#!/bin/sh\n", 0755);
  bench.write("unknown.json", R"({"ops": {"relu": "bf16"}})");
  const std::vector<Row> rows{
      {2, {"inspect"}, "MODEL is required"},
      {2, {"bench", model, "--shape", "x=4x"}, "x=4x is not of the form NAME=1x3x224x224"},
      {2, {"bench", model, "--shape", "4x3"}, "4x3 is not of the form"},
      {2, {"bench", model, "--input", "x"}, "x is not of the form NAME=FILE.npy"},
      {2, {"bench", model, "--threads", "0"}, "--threads"},
      {2, {"bench", model, "--rounds", "0"}, "--rounds"},
      {2, {"exec", model, "--precision", "fp8", "--output-dir", "o"}, "fp8"},
      {2, {"exec", model, "--input", "x=" + bench.path("x.npy")}, "--output-dir is required"},
      {2, {"eval", bench.path("job.yaml"), "--precision", "bf16", "--config", "c"}, "--config"},
      {2, {"validate", bench.path(""), "--rtol", "-1"}, "--rtol"},
      {2, {"plan"}, "FILE is required"},
      {2, {"plan", bench.path("job.yaml"), "--trials-together", "0"}, "--trials-together"},
      {2, {"plan", bench.path("job.yaml"), "--memory-mib", "-1"}, "--memory-mib"},
      {3, {"plan", bench.path("none.yaml")}, "none.yaml"},
      {1, {"plan", bench.path("noise.yaml")}, "noise.onnx"},
      {3, {"inspect", bench.path("none.onnx")}, "none.onnx: No such file"},
      {3, {"eval", bench.path("none.yaml")}, "none.yaml"},
      {3, {"eval", bench.path("job.yaml"), "--config", bench.path("none.json")}, "none.json"},
      {1, {"inspect", bench.path("noise.onnx")}, "noise.onnx"},
      {1, {"bench", model, "--shape", "x=4x4x8x8"}, "x"},
      {1, {"bench", model, "--shape", "z=1"}, "has no input z; its inputs are x"},
      {1, {"exec", model, "--output-dir", bench.path("out")}, "not given: x"},
      {1, {"exec", model, "--input", "x=" + bench.path("y.npy"), "--output-dir", "out"}, "int64"},
      {1,
       {"eval", bench.path("job.yaml"), "--config", bench.path("unknown.json")},
       "unknown.json"}};
  for (const Row& row : rows) {
    std::string line;
    for (const std::string& argument : row.arguments) line += argument + " ";
    CAPTURE(line);
    CHECK(holds(bench.complaint(row.code, row.arguments), row.sentence));
  }
}

TEST_CASE("a worker that is not there is said so") {
  const Bench bench;
  Environment environment = bench.site.environment();
  environment.front() = {"AMPD_WORKER", "/no/worker"};
  Program program({AMPCTL_PROGRAM, "inspect", bench.path("model.onnx")}, environment);
  CHECK(program.code() == 74);
  CHECK(holds(program.error(), "$AMPD_WORKER names /no/worker, which is not a program"));
}
