// Carries out orders: from a protocol's order to the work of the evaluation layer and back.
//
// The model and the job's data stay loaded from one order to the next, as long as they are the same
// and their files have not changed: the model's by their state, the data's by their digests.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/files.hpp"
#include "evaluation/evaluator.hpp"
#include "evaluation/given_inputs.hpp"
#include "evaluation/model.hpp"
#include "protocol/order.hpp"
#include "worker/connection.hpp"
#include "worker/sandbox.hpp"

namespace ampd::worker {

class Service {
 public:
  Service(Connection& connection, const Sandbox& sandbox)
      : connection_(connection), sandbox_(sandbox) {}

  /// Sends the order's replies, the final one last. Whatever Error the order meets is a Failed.
  void serve(const protocol::Order& order);

 private:
  struct Answer {
    protocol::Reply reply;
    std::vector<base::FileDescriptor> files;
  };

  /// Which content of the model's file was read.
  struct FileState {
    dev_t device = 0;
    ino_t inode = 0;
    off_t size_bytes = 0;
    timespec modified{};
  };

  Answer carry_out(const protocol::Inspect& order);
  Answer carry_out(const protocol::Evaluate& order);
  Answer carry_out(const protocol::Measure& order);
  Answer carry_out(const protocol::Export& order);
  Answer carry_out(const protocol::Hash& order);
  Answer carry_out(const protocol::Execute& order);
  Answer carry_out(const protocol::Bench& order);
  Answer carry_out(const protocol::Validate& order);
  Answer carry_out(const protocol::Plan& order);
  Answer carry_out(const protocol::Examine& order);

  evaluation::Model& model(const protocol::ModelReference& reference);
  evaluation::Evaluator& evaluator(const protocol::ModelReference& reference, const job::Job& job);
  evaluation::Observer observer();
  void note(const std::filesystem::path& path, const std::string& digest);

  Connection& connection_;
  Sandbox sandbox_;
  std::shared_ptr<evaluation::Model> model_;
  FileState model_state_;
  std::unique_ptr<evaluation::Evaluator> evaluator_;
  std::map<std::filesystem::path, std::string> digests_;  // as last hashed
};

}  // namespace ampd::worker
