// oneDNN as the engine uses it: the one place that knows which version it is.
//
// Each function describes one primitive and returns the best that oneDNN offers for it; nothing if
// that is nothing but a reference kernel, which is slow. Scratchpads are the caller's. Other
// sources use only what 2.6 and 3.x share.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <oneapi/dnnl/dnnl.hpp>

#include "tensor/dtype.hpp"
#include "tensor/shape.hpp"

namespace ampd::engine::onednn {

using Description = dnnl::memory::desc;
using Extents = dnnl::memory::dims;

const dnnl::engine& cpu();

/// "2.6.3".
std::string version();

/// Whether oneDNN is used for it: the types that activations and weights are stored in.
bool has_dtype(tensor::DType dtype);
dnnl::memory::data_type data_type(tensor::DType dtype);

/// A descriptor that leaves the layout to oneDNN.
Description any_layout(tensor::DType dtype, const Extents& extents);

tensor::DType dtype_of(const Description& description);
tensor::Shape shape_of(const Description& description);
/// Strides, when the layout is plain; nothing when it is blocked.
std::optional<tensor::Shape> strides_of(const Description& description);

/// An activation on each element; alpha and beta as oneDNN 3 defines them.
struct Eltwise {
  dnnl::algorithm algorithm = dnnl::algorithm::undef;
  float alpha = 0;
  float beta = 0;
};

struct Sum {};  // adds what the destination held

struct Binary {
  dnnl::algorithm algorithm = dnnl::algorithm::undef;
  Description operand;
};

/// Work on a result before it is stored, in order. Each operand of a Binary is an argument of the
/// execution: post_op_argument(its position).
struct PostOperation {
  enum class Kind : std::uint8_t { eltwise, sum, binary } kind = Kind::eltwise;
  Eltwise eltwise{};
  Binary binary{};
};
using PostOperations = std::vector<PostOperation>;
int post_op_argument(std::size_t position);

/// An implementation of one primitive.
class Offer {
 public:
  explicit Offer(dnnl::primitive_desc_base descriptor) : descriptor_(std::move(descriptor)) {}

  std::string implementation() const { return descriptor_.impl_info_str(); }
  Description source() const { return descriptor_.src_desc(0); }
  Description weights() const { return descriptor_.weights_desc(0); }
  Description destination() const { return descriptor_.dst_desc(0); }
  Description scratchpad() const { return descriptor_.scratchpad_desc(); }
  /// Of the argument DNNL_ARG_...
  Description argument(int number) const {
    return descriptor_.query_md(dnnl::query::exec_arg_md, number);
  }
  dnnl::primitive make() const { return dnnl::primitive(descriptor_.get()); }

 private:
  dnnl::primitive_desc_base descriptor_;
};

/// A window that slides over the spatial dimensions; dilation 1 means none.
struct Window {
  Extents kernel;
  Extents strides;
  Extents dilations;
  Extents pads_begin;
  Extents pads_end;
};

struct Weighted {
  Description source;
  Description weights;
  std::optional<Description> bias;
  Description destination;
};

std::optional<Offer> convolution(const Weighted& tensors, const Window& window,
                                 const PostOperations& post_ops);
std::optional<Offer> deconvolution(const Weighted& tensors, const Window& window,
                                   const PostOperations& post_ops);
std::optional<Offer> matmul(const Weighted& tensors, const PostOperations& post_ops);

enum class Pooling : std::uint8_t { max, average_with_padding, average_without_padding };
std::optional<Offer> pooling(Pooling kind, const Description& source,
                             const Description& destination, const Window& window);

std::optional<Offer> eltwise(const Eltwise& operation, const Description& both);
std::optional<Offer> binary(dnnl::algorithm algorithm, const Description& a, const Description& b,
                            const Description& destination, const PostOperations& post_ops);
std::optional<Offer> sum(const std::vector<Description>& sources, const Description& destination);
std::optional<Offer> concat(const std::vector<Description>& sources, int axis,
                            const Description& destination);
/// Always something, if only a reference kernel.
Offer reorder(const Description& source, const Description& destination);
std::optional<Offer> softmax(bool logarithm, const Description& source,
                             const Description& destination, int axis);
std::optional<Offer> reduction(dnnl::algorithm algorithm, const Description& source,
                               const Description& destination);

/// Over the last axis, scaled and shifted by an f32 vector each: DNNL_ARG_SCALE and _SHIFT.
std::optional<Offer> layer_normalization(const Description& both, float epsilon);

struct LocalResponse {
  std::int64_t size = 0;
  float alpha = 0;
  float beta = 0;
  float bias = 0;
};
std::optional<Offer> local_response(const LocalResponse& parameters, const Description& both);

enum class Cell : std::uint8_t { lstm, gru, gru_reset_last, rnn_tanh, rnn_relu };

/// Cells of one layer along the time steps: data are {steps, batch, width}, a state is
/// {1, directions, batch, hidden}, weights are {1, directions, width, gates, hidden}. Gates stand
/// in oneDNN's order: i, f, c, o of an LSTM; z, r, h of a GRU, with a fourth bias where the reset
/// comes last. States that are left out begin at zero, and are not made.
struct Recurrence {
  Cell cell = Cell::lstm;
  dnnl::rnn_direction direction = dnnl::rnn_direction::unidirectional_left2right;
  Description source;
  Description first_state;
  Description first_memory;  // of an LSTM, as last_memory is
  Description weights;
  Description state_weights;
  Description bias;
  Description destination;
  Description last_state;
  Description last_memory;
};
std::optional<Offer> recurrent(const Recurrence& r);

/// The instruction set that oneDNN uses here, its environment variables respected:
/// "avx512_core_bf16".
std::string effective_isa();
/// Whether oneDNN has kernels for bfloat16 in that set. Below "avx512_core_bf16" they convert and
/// multiply in fp32: the numbers are those of bfloat16, the speed is not.
bool has_bfloat16();

/// Room for `primitives` in oneDNN's own cache.
void set_cache_capacity(int primitives);

}  // namespace ampd::engine::onednn
