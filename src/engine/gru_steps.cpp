#include "engine/gru_steps.hpp"

#include <algorithm>
#include <cstring>

#include "engine/bytes.hpp"
#include "tensor/half.hpp"

namespace ampd::engine {
namespace {

using tensor::DType;
using tensor::Shape;

onednn::PostOperations adding_then(dnnl::algorithm activation) {
  onednn::PostOperation sum;
  sum.kind = onednn::PostOperation::Kind::sum;
  onednn::PostOperation eltwise;
  eltwise.eltwise.algorithm = activation;
  return {sum, eltwise};
}

/// state * weights, by `columns`.
std::optional<onednn::Offer> product(const GruSteps& form, std::int64_t columns, bool has_bias,
                                     const onednn::PostOperations& post_ops) {
  onednn::Weighted t;
  t.source = Layout(form.dtype, {form.batch, form.hidden}).descriptor();
  t.weights = onednn::any_layout(form.dtype, {form.hidden, columns});
  if (has_bias) t.bias = Layout(DType::f32, {1, columns}).descriptor();
  t.destination = Layout(DType::f32, {form.batch, columns}).descriptor();
  return onednn::matmul(t, post_ops);
}

/// A primitive with its memory; the bytes of what changes are given to each run.
class Bound {
 public:
  explicit Bound(const onednn::Offer& offer)
      : primitive_(offer.make()),
        scratchpad_bytes_(
            allocate_bytes(static_cast<std::int64_t>(offer.scratchpad().get_size()))) {
    add(DNNL_ARG_SCRATCHPAD, offer.scratchpad(), scratchpad_bytes_.get());
  }

  void add(int argument, const onednn::Description& description, void* bytes = nullptr) {
    arguments_.emplace(argument, dnnl::memory(description, onednn::cpu(), bytes));
  }
  void set(int argument, std::byte* bytes) { arguments_.at(argument).set_data_handle(bytes); }
  void run(dnnl::stream& stream) { primitive_.execute(stream, arguments_); }

 private:
  dnnl::primitive primitive_;
  std::shared_ptr<std::byte> scratchpad_bytes_;
  std::unordered_map<int, dnnl::memory> arguments_;
};

struct Offers {
  onednn::Offer gates;
  onednn::Offer candidate;
  std::optional<onednn::Offer> activation;  // of a candidate that is reset last
};

std::optional<Offers> offers_for(const GruSteps& form) {
  const auto gates =
      product(form, 2 * form.hidden, false, adding_then(dnnl::algorithm::eltwise_logistic));
  const auto candidate = form.resets_last ? product(form, form.hidden, true, {})
                                          : product(form, form.hidden, false,
                                                    adding_then(dnnl::algorithm::eltwise_tanh));
  if (!gates || !candidate) return std::nullopt;
  Offers offers{*gates, *candidate, std::nullopt};
  if (form.resets_last) {
    const Layout state(DType::f32, {form.batch, form.hidden});
    offers.activation = onednn::eltwise({dnnl::algorithm::eltwise_tanh, 0, 0}, state.descriptor());
    if (!offers.activation) return std::nullopt;
  }
  return offers;
}

class Gru {
 public:
  Gru(const GruSteps& form, const Offers& offers)
      : form_(form),
        size_(static_cast<std::size_t>(form.batch * form.hidden)),
        state_(size_),
        gates_(2 * size_),
        candidate_(size_),
        source_(allocate_bytes(form.batch * form.hidden * tensor::size_bytes(form.dtype))),
        gate_product_(offers.gates),
        candidate_product_(offers.candidate) {
    bind(gate_product_, offers.gates, gates_);
    bind(candidate_product_, offers.candidate, candidate_);
    if (!form_.resets_last) return;
    candidate_product_.add(DNNL_ARG_BIAS, Layout(DType::f32, {1, form.hidden}).descriptor());
    activation_.emplace(*offers.activation);
    activation_->add(DNNL_ARG_SRC, offers.activation->source(), candidate_.data());
    activation_->add(DNNL_ARG_DST, offers.activation->destination(), candidate_.data());
  }

  void run(std::span<std::byte* const> inputs, std::span<std::byte* const> outputs) {
    const std::size_t per_direction = form_.resets_last ? 5 : 4;
    const auto directions = static_cast<std::size_t>(form_.directions);
    const auto* first = reinterpret_cast<const float*>(inputs[directions * per_direction]);
    for (std::size_t direction = 0; direction < directions; ++direction) {
      state_.assign(first + direction * size_, first + (direction + 1) * size_);
      run(direction, inputs.subspan(direction * per_direction, per_direction),
          reinterpret_cast<float*>(outputs[0]));
      std::ranges::copy(state_, reinterpret_cast<float*>(outputs[1]) + direction * size_);
    }
  }

 private:
  void bind(Bound& product, const onednn::Offer& offer, std::vector<float>& destination) {
    product.add(DNNL_ARG_SRC, offer.source(), source_.get());
    product.add(DNNL_ARG_WEIGHTS, offer.weights());
    product.add(DNNL_ARG_DST, offer.destination(), destination.data());
  }

  void run(std::size_t direction, std::span<std::byte* const> inputs, float* all) {
    gate_product_.set(DNNL_ARG_WEIGHTS, inputs[0]);
    candidate_product_.set(DNNL_ARG_WEIGHTS, inputs[1]);
    if (form_.resets_last) candidate_product_.set(DNNL_ARG_BIAS, inputs[4]);
    const auto* gates = reinterpret_cast<const float*>(inputs[2]);
    const auto* candidates = reinterpret_cast<const float*>(inputs[3]);
    const bool goes_backward = form_.starts_backward || direction == 1;
    const auto steps = static_cast<std::size_t>(form_.steps);
    for (std::size_t i = 0; i < steps; ++i) {
      const std::size_t t = goes_backward ? steps - 1 - i : i;
      step(gates + t * 2 * size_, candidates + t * size_);
      const std::size_t place = t * static_cast<std::size_t>(form_.directions) + direction;
      std::ranges::copy(state_, all + place * size_);
    }
  }

  void step(const float* gates, const float* candidate) {
    const auto hidden = static_cast<std::size_t>(form_.hidden);
    std::copy_n(gates, 2 * size_, gates_.begin());
    write_source([&](std::size_t i) { return state_[i]; });
    gate_product_.run(stream_);
    if (form_.resets_last) {
      candidate_product_.run(stream_);
      stream_.wait();
      for (std::size_t i = 0; i < size_; ++i) {
        candidate_[i] = candidate[i] + reset(i, hidden) * candidate_[i];
      }
      activation_->run(stream_);
    } else {
      stream_.wait();
      write_source([&](std::size_t i) { return reset(i, hidden) * state_[i]; });
      std::copy_n(candidate, size_, candidate_.begin());
      candidate_product_.run(stream_);
    }
    stream_.wait();
    for (std::size_t i = 0; i < size_; ++i) {
      const float z = gates_[2 * i - i % hidden];
      state_[i] = (1 - z) * candidate_[i] + z * state_[i];
    }
  }

  /// The rows of gates_ are z, then r, for each entry of the batch.
  float reset(std::size_t i, std::size_t hidden) const {
    return gates_[2 * i - i % hidden + hidden];
  }

  template <class Read>
  void write_source(const Read& read) {
    if (form_.dtype == DType::f32) {
      auto* to = reinterpret_cast<float*>(source_.get());
      for (std::size_t i = 0; i < size_; ++i) to[i] = read(i);
    } else {
      auto* to = reinterpret_cast<std::uint16_t*>(source_.get());
      for (std::size_t i = 0; i < size_; ++i) to[i] = tensor::to_bfloat16(read(i));
    }
  }

  GruSteps form_;
  std::size_t size_;  // of a state
  std::vector<float> state_;
  std::vector<float> gates_;
  std::vector<float> candidate_;
  std::shared_ptr<std::byte> source_;  // of the products
  Bound gate_product_;
  Bound candidate_product_;
  std::optional<Bound> activation_;
  dnnl::stream stream_{onednn::cpu()};
};

}  // namespace

std::optional<GruCall> gru_steps(const GruSteps& form) {
  const std::optional<Offers> offers = offers_for(form);
  if (!offers) return std::nullopt;
  const auto gru = std::make_shared<Gru>(form, *offers);
  return GruCall{offers->gates.implementation(),
                 offers->gates.weights(),
                 offers->candidate.weights(),
                 {[gru](auto inputs, auto outputs) { gru->run(inputs, outputs); }}};
}

}  // namespace ampd::engine
