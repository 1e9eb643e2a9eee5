#include "engine/recurrence_steps.hpp"

#include <algorithm>
#include <memory>

#include "engine/bytes.hpp"
#include "engine/instances.hpp"
#include "tensor/half.hpp"

namespace ampd::engine {
namespace {

using onednn::Cell;
using tensor::DType;

onednn::PostOperations adding_then(dnnl::algorithm activation) {
  onednn::PostOperation sum;
  sum.kind = onednn::PostOperation::Kind::sum;
  onednn::PostOperation eltwise;
  eltwise.eltwise.algorithm = activation;
  return {sum, eltwise};
}

/// state * weights, by `columns`.
std::optional<onednn::Offer> product(const RecurrenceSteps& form, std::int64_t columns,
                                     bool has_bias, const onednn::PostOperations& post_ops) {
  onednn::Weighted t;
  t.source = Layout(form.dtype, {form.batch, form.hidden}).descriptor();
  t.weights = onednn::any_layout(form.dtype, {form.hidden, columns});
  if (has_bias) t.bias = Layout(DType::f32, {1, columns}).descriptor();
  t.destination = Layout(DType::f32, {form.batch, columns}).descriptor();
  return onednn::matmul(t, post_ops);
}

struct Offers {
  onednn::Offer candidate;
  std::optional<onednn::Offer> gates;
  std::optional<onednn::Offer> tanh;  // of a memory, or of a candidate that is reset last
};

std::optional<Offers> offers_for(const RecurrenceSteps& form) {
  const bool resets_last = form.cell == Cell::gru_reset_last;
  const auto activation =
      form.cell == Cell::rnn_relu ? dnnl::algorithm::eltwise_relu : dnnl::algorithm::eltwise_tanh;
  const auto candidate = resets_last ? product(form, form.hidden, true, {})
                                     : product(form, form.hidden, false, adding_then(activation));
  if (!candidate) return std::nullopt;
  Offers offers{*candidate, std::nullopt, std::nullopt};
  if (form.gates > 1) {
    offers.gates = product(form, (form.gates - 1) * form.hidden, false,
                           adding_then(dnnl::algorithm::eltwise_logistic));
    if (!offers.gates) return std::nullopt;
  }
  if (form.cell == Cell::lstm || resets_last) {
    const Layout state(DType::f32, {form.batch, form.hidden});
    offers.tanh = onednn::eltwise({dnnl::algorithm::eltwise_tanh, 0, 0}, state.descriptor());
    if (!offers.tanh) return std::nullopt;
  }
  return offers;
}

/// A primitive with its memory; where the weights and the bias lie is said before it runs.
class Bound {
 public:
  Bound(const onednn::Offer& offer, void* source, void* destination)
      : primitive_(offer.make()),
        scratchpad_bytes_(
            allocate_bytes(static_cast<std::int64_t>(offer.scratchpad().get_size()))) {
    add(DNNL_ARG_SRC, offer.source(), source);
    add(DNNL_ARG_DST, offer.destination(), destination);
    add(DNNL_ARG_SCRATCHPAD, offer.scratchpad(), scratchpad_bytes_.get());
  }

  void add(int argument, const onednn::Description& description, void* bytes = nullptr) {
    arguments_.emplace(argument, dnnl::memory(description, onednn::cpu(), bytes));
  }
  void set(int argument, std::byte* bytes) { arguments_.at(argument).set_data_handle(bytes); }
  void run(dnnl::stream& stream) {
    primitive_.execute(stream, arguments_);
    stream.wait();
  }

 private:
  dnnl::primitive primitive_;
  std::shared_ptr<std::byte> scratchpad_bytes_;
  std::unordered_map<int, dnnl::memory> arguments_;
};

class Recurrence {
 public:
  Recurrence(const RecurrenceSteps& form, const Offers& offers)
      : form_(form),
        hidden_(static_cast<std::size_t>(form.hidden)),
        row_(hidden_ * static_cast<std::size_t>(form.gates - 1)),
        size_(hidden_ * static_cast<std::size_t>(form.batch)),
        state_(size_),
        memory_(size_),
        tanh_(size_),
        gates_(row_ * static_cast<std::size_t>(form.batch)),
        candidate_(size_),
        source_(allocate_bytes(form.batch * form.hidden * tensor::size_bytes(form.dtype))),
        candidate_product_(offers.candidate, source_.get(), candidate_.data()) {
    candidate_product_.add(DNNL_ARG_WEIGHTS, offers.candidate.weights());
    if (offers.gates) {
      gate_product_.emplace(*offers.gates, source_.get(), gates_.data());
      gate_product_->add(DNNL_ARG_WEIGHTS, offers.gates->weights());
    }
    if (resets_last()) {
      candidate_product_.add(DNNL_ARG_BIAS, Layout(DType::f32, {1, form.hidden}).descriptor());
      activation_.emplace(*offers.tanh, candidate_.data(), candidate_.data());
    } else if (is_lstm()) {
      activation_.emplace(*offers.tanh, memory_.data(), tanh_.data());
    }
  }

  void run(std::span<std::byte* const> inputs, std::span<std::byte* const> outputs) {
    const std::size_t per_direction = gate_product_ ? (resets_last() ? 5 : 4) : 2;
    const auto directions = static_cast<std::size_t>(form_.directions);
    const auto states = inputs.subspan(directions * per_direction);
    for (std::size_t direction = 0; direction < directions; ++direction) {
      const std::size_t place = direction * size_;
      std::copy_n(reinterpret_cast<const float*>(states[0]) + place, size_, state_.begin());
      if (is_lstm()) {
        std::copy_n(reinterpret_cast<const float*>(states[1]) + place, size_, memory_.begin());
      }
      run(direction, inputs.subspan(direction * per_direction, per_direction),
          reinterpret_cast<float*>(outputs[0]));
      std::ranges::copy(state_, reinterpret_cast<float*>(outputs[1]) + place);
      if (is_lstm()) std::ranges::copy(memory_, reinterpret_cast<float*>(outputs[2]) + place);
    }
  }

 private:
  bool is_lstm() const { return form_.cell == Cell::lstm; }
  bool resets_last() const { return form_.cell == Cell::gru_reset_last; }

  void run(std::size_t direction, std::span<std::byte* const> inputs, float* all) {
    const float* gates = nullptr;
    const auto* candidates = reinterpret_cast<const float*>(inputs[gate_product_ ? 2 : 1]);
    candidate_product_.set(DNNL_ARG_WEIGHTS, inputs[0]);
    if (gate_product_) {
      gate_product_->set(DNNL_ARG_WEIGHTS, inputs[1]);
      gates = reinterpret_cast<const float*>(inputs[3]);
    }
    if (resets_last()) candidate_product_.set(DNNL_ARG_BIAS, inputs[4]);
    const bool goes_backward = form_.starts_backward || direction == 1;
    const auto steps = static_cast<std::size_t>(form_.steps);
    for (std::size_t i = 0; i < steps; ++i) {
      const std::size_t t = goes_backward ? steps - 1 - i : i;
      write_source([&](std::size_t k) { return state_[k]; });
      if (gate_product_) {
        std::copy_n(gates + t * gates_.size(), gates_.size(), gates_.begin());
        gate_product_->run(stream_);
      }
      step(candidates + t * size_);
      const std::size_t place = t * static_cast<std::size_t>(form_.directions) + direction;
      std::ranges::copy(state_, all + place * size_);
    }
  }

  /// From the gates and the data's part of the candidate to the next state.
  void step(const float* candidate) {
    switch (form_.cell) {
      case Cell::lstm:
        multiply(candidate);
        for_each([&](std::size_t k, const float* gates) {
          memory_[k] = gates[2 * hidden_] * memory_[k] + gates[0] * candidate_[k];
        });
        activation_->run(stream_);
        for_each([&](std::size_t k, const float* gates) { state_[k] = gates[hidden_] * tanh_[k]; });
        return;
      case Cell::gru:
        for_each([&](std::size_t k, const float* gates) { tanh_[k] = gates[hidden_] * state_[k]; });
        write_source([&](std::size_t k) { return tanh_[k]; });
        multiply(candidate);
        return blend();
      case Cell::gru_reset_last:
        candidate_product_.run(stream_);
        for_each([&](std::size_t k, const float* gates) {
          candidate_[k] = candidate[k] + gates[hidden_] * candidate_[k];
        });
        activation_->run(stream_);
        return blend();
      case Cell::rnn_tanh:
      case Cell::rnn_relu:
        multiply(candidate);
        std::ranges::copy(candidate_, state_.begin());
    }
  }

  void multiply(const float* candidate) {
    std::copy_n(candidate, size_, candidate_.begin());
    candidate_product_.run(stream_);
  }

  void blend() {
    for_each([&](std::size_t k, const float* gates) {
      state_[k] = (1 - gates[0]) * candidate_[k] + gates[0] * state_[k];
    });
  }

  /// Each number of a state with its gates, which lie `hidden_` apart.
  template <class Visit>
  void for_each(const Visit& visit) {
    for (std::size_t entry = 0; entry * hidden_ < size_; ++entry) {
      for (std::size_t k = 0; k < hidden_; ++k) {
        visit(entry * hidden_ + k, gates_.data() + entry * row_ + k);
      }
    }
  }

  template <class Read>
  void write_source(const Read& read) {
    if (form_.dtype == DType::f32) {
      auto* to = reinterpret_cast<float*>(source_.get());
      for (std::size_t k = 0; k < size_; ++k) to[k] = read(k);
    } else {
      auto* to = reinterpret_cast<std::uint16_t*>(source_.get());
      for (std::size_t k = 0; k < size_; ++k) to[k] = tensor::to_bfloat16(read(k));
    }
  }

  RecurrenceSteps form_;
  std::size_t hidden_;
  std::size_t row_;   // of the gates of an entry of the batch
  std::size_t size_;  // of a state
  std::vector<float> state_;
  std::vector<float> memory_;
  std::vector<float> tanh_;  // of the memory; of a GRU, the state that was reset
  std::vector<float> gates_;
  std::vector<float> candidate_;
  std::shared_ptr<std::byte> source_;  // of the products
  Bound candidate_product_;
  std::optional<Bound> gate_product_;
  std::optional<Bound> activation_;
  dnnl::stream stream_{onednn::cpu()};
};

}  // namespace

std::optional<RecurrenceCall> recurrence_steps(const RecurrenceSteps& form) {
  const std::optional<Offers> offers = offers_for(form);
  if (!offers) return std::nullopt;
  const auto work = std::make_shared<Instances<Recurrence>>(
      [form, offers = *offers] { return std::make_unique<Recurrence>(form, offers); });
  RecurrenceCall result{offers->candidate.implementation(),
                        offers->candidate.weights(),
                        std::nullopt,
                        {[work](auto inputs, auto outputs) {
                          work->with_one([&](Recurrence& one) { one.run(inputs, outputs); });
                        }}};
  if (offers->gates) result.gate_weights = offers->gates->weights();
  return result;
}

}  // namespace ampd::engine
