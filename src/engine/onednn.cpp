#include "engine/onednn.hpp"

#include <algorithm>
#include <array>
#include <type_traits>
#include <utility>

#include "base/check.hpp"

namespace ampd::engine::onednn {
namespace {

using dnnl::prop_kind;
using tensor::DType;

constexpr std::array dtypes{std::pair{DType::f32, dnnl::memory::data_type::f32},
                            std::pair{DType::bf16, dnnl::memory::data_type::bf16}};

dnnl::primitive_attr attributes(const PostOperations& post_ops) {
  dnnl::primitive_attr result;
  result.set_scratchpad_mode(dnnl::scratchpad_mode::user);
  dnnl::post_ops list;
  for (const PostOperation& operation : post_ops) {
    switch (operation.kind) {
      case PostOperation::Kind::eltwise:
        list.append_eltwise(1.F, operation.eltwise.algorithm, operation.eltwise.alpha,
                            operation.eltwise.beta);
        break;
      case PostOperation::Kind::sum:
        list.append_sum(1.F);
        break;
      case PostOperation::Kind::binary:
        list.append_binary(operation.binary.algorithm, operation.binary.operand);
        break;
    }
  }
  result.set_post_ops(list);
  return result;
}

bool is_reference(const std::string& implementation) {
  const auto at = implementation.find("ref");
  return at != std::string::npos &&
         (at == 0 || implementation[at - 1] == ':' || implementation[at - 1] == '_');
}

/// Two eltwise operations of one algorithm with other parameters: oneDNN 2.6 runs the second with
/// those of the first.
bool is_mixed_up(const PostOperations& post_ops) {
  const auto differs = [](const Eltwise& a, const Eltwise& b) {
    return a.algorithm == b.algorithm && (a.alpha != b.alpha || a.beta != b.beta);
  };
  return std::ranges::any_of(post_ops, [&](const PostOperation& one) {
    return one.kind == PostOperation::Kind::eltwise &&
           std::ranges::any_of(post_ops, [&](const PostOperation& other) {
             return other.kind == PostOperation::Kind::eltwise &&
                    differs(one.eltwise, other.eltwise);
           });
  });
}

/// What `make` makes, or nothing where oneDNN refuses the combination.
template <class Make>
auto attempt(const Make& make) -> std::optional<Offer> {
  try {
    return make();
  } catch (const dnnl::error& failure) {
    if (failure.status == dnnl_unimplemented || failure.status == dnnl_invalid_arguments) {
      return std::nullopt;
    }
    throw;
  }
}

/// The first implementation that is not a reference one. oneDNN 2 keeps a pointer to the
/// description while it walks.
template <class Primitive, class Describe>
std::optional<Offer> best(const Describe& describe, const PostOperations& post_ops = {}) {
  if (is_mixed_up(post_ops)) return std::nullopt;
  return attempt([&]() -> std::optional<Offer> {
    const typename Primitive::desc description = describe();
    typename Primitive::primitive_desc found(description, attributes(post_ops), cpu(), true);
    if (!found) return std::nullopt;
    while (is_reference(found.impl_info_str())) {
      if (!found.next_impl()) return std::nullopt;
    }
    return Offer(found);
  });
}

/// For primitives without a list of implementations.
std::optional<Offer> only(dnnl::primitive_desc_base found) {
  if (!found || is_reference(found.impl_info_str())) return std::nullopt;
  return Offer(std::move(found));
}

template <class Primitive>
typename Primitive::desc weighted(dnnl::algorithm algorithm, const Weighted& t, const Window& w,
                                  const Extents& dilations) {
  constexpr auto kind = prop_kind::forward_inference;
  if (!t.bias) {
    return {kind,      algorithm, t.source,     t.weights, t.destination,
            w.strides, dilations, w.pads_begin, w.pads_end};
  }
  return {kind,          algorithm, t.source,  t.weights,    *t.bias,
          t.destination, w.strides, dilations, w.pads_begin, w.pads_end};
}

Extents gaps(const Extents& dilations) {
  Extents result = dilations;
  for (auto& extent : result) extent -= 1;
  return result;
}

const dnnl_memory_desc_t& data(const Description& description) {
  return description.data;
}

}  // namespace

const dnnl::engine& cpu() {
  static const dnnl::engine engine(dnnl::engine::kind::cpu, 0);
  return engine;
}

std::string version() {
  const dnnl_version_t* v = dnnl::version();
  return std::to_string(v->major) + "." + std::to_string(v->minor) + "." + std::to_string(v->patch);
}

bool has_dtype(DType dtype) {
  return std::any_of(dtypes.begin(), dtypes.end(), [&](auto& p) { return p.first == dtype; });
}

dnnl::memory::data_type data_type(DType dtype) {
  const auto* found =
      std::find_if(dtypes.begin(), dtypes.end(), [&](auto& p) { return p.first == dtype; });
  AMPD_CHECK(found != dtypes.end());
  return found->second;
}

Description any_layout(DType dtype, const Extents& extents) {
  return {extents, data_type(dtype), dnnl::memory::format_tag::any};
}

DType dtype_of(const Description& description) {
  const auto type = description.data_type();
  const auto* found =
      std::find_if(dtypes.begin(), dtypes.end(), [&](auto& p) { return p.second == type; });
  AMPD_CHECK(found != dtypes.end());
  return found->first;
}

tensor::Shape shape_of(const Description& description) {
  return description.dims();
}

std::optional<tensor::Shape> strides_of(const Description& description) {
  const dnnl_memory_desc_t& d = data(description);
  if (d.format_kind != dnnl_blocked || d.format_desc.blocking.inner_nblks != 0 || d.offset0 != 0 ||
      !std::equal(d.dims, d.dims + d.ndims, d.padded_dims)) {
    return std::nullopt;
  }
  const auto* strides = d.format_desc.blocking.strides;
  return tensor::Shape(strides, strides + d.ndims);
}

int post_op_argument(std::size_t position) {
  return DNNL_ARG_ATTR_MULTIPLE_POST_OP(static_cast<int>(position)) | DNNL_ARG_SRC_1;
}

std::optional<Offer> convolution(const Weighted& tensors, const Window& window,
                                 const PostOperations& post_ops) {
  using Forward = dnnl::convolution_forward;
  return best<Forward>(
      [&] {
        return weighted<Forward>(dnnl::algorithm::convolution_direct, tensors, window,
                                 gaps(window.dilations));
      },
      post_ops);
}

std::optional<Offer> deconvolution(const Weighted& tensors, const Window& window,
                                   const PostOperations& post_ops) {
  using Forward = dnnl::deconvolution_forward;
  return best<Forward>(
      [&] {
        return weighted<Forward>(dnnl::algorithm::deconvolution_direct, tensors, window,
                                 gaps(window.dilations));
      },
      post_ops);
}

std::optional<Offer> matmul(const Weighted& t, const PostOperations& post_ops) {
  return best<dnnl::matmul>(
      [&] {
        return t.bias ? dnnl::matmul::desc(t.source, t.weights, *t.bias, t.destination)
                      : dnnl::matmul::desc(t.source, t.weights, t.destination);
      },
      post_ops);
}

std::optional<Offer> pooling(Pooling kind, const Description& source,
                             const Description& destination, const Window& w) {
  constexpr std::array algorithms{dnnl::algorithm::pooling_max,
                                  dnnl::algorithm::pooling_avg_include_padding,
                                  dnnl::algorithm::pooling_avg_exclude_padding};
  using Forward = dnnl::pooling_v2_forward;
  return best<Forward>([&] {
    return Forward::desc(prop_kind::forward_inference,
                         algorithms.at(static_cast<std::size_t>(kind)), source, destination,
                         w.strides, w.kernel, gaps(w.dilations), w.pads_begin, w.pads_end);
  });
}

std::optional<Offer> eltwise(const Eltwise& operation, const Description& both) {
  using Forward = dnnl::eltwise_forward;
  return best<Forward>([&] {
    return Forward::desc(prop_kind::forward_inference, operation.algorithm, both, operation.alpha,
                         operation.beta);
  });
}

std::optional<Offer> binary(dnnl::algorithm algorithm, const Description& a, const Description& b,
                            const Description& destination, const PostOperations& post_ops) {
  return best<dnnl::binary>([&] { return dnnl::binary::desc(algorithm, a, b, destination); },
                            post_ops);
}

std::optional<Offer> sum(const std::vector<Description>& sources, const Description& destination) {
  return attempt([&] {
    const std::vector<float> scales(sources.size(), 1.F);
    return only(dnnl::sum::primitive_desc(destination, scales, sources, cpu(), attributes({})));
  });
}

std::optional<Offer> concat(const std::vector<Description>& sources, int axis,
                            const Description& destination) {
  return attempt([&] {
    return only(dnnl::concat::primitive_desc(destination, axis, sources, cpu(), attributes({})));
  });
}

Offer reorder(const Description& source, const Description& destination) {
  return Offer(dnnl::reorder::primitive_desc(cpu(), source, cpu(), destination, attributes({})));
}

std::optional<Offer> softmax(bool logarithm, const Description& source,
                             const Description& destination, int axis) {
  using Forward = dnnl::softmax_v2_forward;
  return best<Forward>([&] {
    return Forward::desc(
        prop_kind::forward_inference,
        logarithm ? dnnl::algorithm::softmax_log : dnnl::algorithm::softmax_accurate, source,
        destination, axis);
  });
}

std::optional<Offer> reduction(dnnl::algorithm algorithm, const Description& source,
                               const Description& destination) {
  return best<dnnl::reduction>(
      [&] { return dnnl::reduction::desc(algorithm, source, destination, 0.F, 0.F); });
}

std::optional<Offer> layer_normalization(const Description& both, float epsilon) {
  using Forward = dnnl::layer_normalization_forward;
  const auto flags = dnnl::normalization_flags::use_scale | dnnl::normalization_flags::use_shift;
  return best<Forward>(
      [&] { return Forward::desc(prop_kind::forward_inference, both, epsilon, flags); });
}

std::optional<Offer> local_response(const LocalResponse& p, const Description& both) {
  using Forward = dnnl::lrn_forward;
  return best<Forward>([&] {
    return Forward::desc(prop_kind::forward_inference, dnnl::algorithm::lrn_across_channels, both,
                         p.size, p.alpha, p.beta, p.bias);
  });
}

std::optional<Offer> recurrent(const Recurrence& r) {
  constexpr auto kind = prop_kind::forward_inference;
  const auto gated = [&]<class Forward>(std::type_identity<Forward>) {
    return best<Forward>([&] {
      return typename Forward::desc(kind, r.direction, r.source, r.first_state, r.weights,
                                    r.state_weights, r.bias, r.destination, r.last_state);
    });
  };
  const auto simple = [&](dnnl::algorithm activation) {
    using Forward = dnnl::vanilla_rnn_forward;
    return best<Forward>([&] {
      return Forward::desc(kind, activation, r.direction, r.source, r.first_state, r.weights,
                           r.state_weights, r.bias, r.destination, r.last_state);
    });
  };
  switch (r.cell) {
    case Cell::gru:
      return gated(std::type_identity<dnnl::gru_forward>());
    case Cell::gru_reset_last:
      return gated(std::type_identity<dnnl::lbr_gru_forward>());
    case Cell::rnn_tanh:
      return simple(dnnl::algorithm::eltwise_tanh);
    case Cell::rnn_relu:
      return simple(dnnl::algorithm::eltwise_relu);
    case Cell::lstm:
      break;
  }
  using Forward = dnnl::lstm_forward;
  return best<Forward>([&] {
    return Forward::desc(kind, r.direction, r.source, r.first_state, r.first_memory, r.weights,
                         r.state_weights, r.bias, r.destination, r.last_state, r.last_memory);
  });
}

std::string effective_isa() {
  switch (dnnl::get_effective_cpu_isa()) {
    case dnnl::cpu_isa::sse41:
      return "sse41";
    case dnnl::cpu_isa::avx:
      return "avx";
    case dnnl::cpu_isa::avx2:
      return "avx2";
    case dnnl::cpu_isa::avx2_vnni:
      return "avx2_vnni";
    case dnnl::cpu_isa::avx512_mic:
      return "avx512_mic";
    case dnnl::cpu_isa::avx512_mic_4ops:
      return "avx512_mic_4ops";
    case dnnl::cpu_isa::avx512_core:
      return "avx512_core";
    case dnnl::cpu_isa::avx512_core_vnni:
      return "avx512_core_vnni";
    case dnnl::cpu_isa::avx512_core_bf16:
      return "avx512_core_bf16";
    case dnnl::cpu_isa::avx512_core_amx:
      return "avx512_core_amx";
    default:
      return "generic";
  }
}

bool has_bfloat16() {
  return effective_isa().starts_with("avx512_core");
}

void set_cache_capacity(int primitives) {
  dnnl::set_primitive_cache_capacity(primitives);
}

}  // namespace ampd::engine::onednn
