// LSTM, GRU and RNN, one direction and one time step after another, in double.
#include <algorithm>
#include <array>
#include <cmath>

#include "engine/kernels/dispatch.hpp"
#include "engine/kernels/kernel.hpp"

namespace ampd::engine {
namespace {

using tensor::DType;
using tensor::Shape;
using tensor::Tensor;
using Vector = std::vector<double>;

/// One activation with its parameters.
struct Activation {
  std::string name;
  double alpha;
  double beta;

  double operator()(double x) const {
    if (name == "Sigmoid") return 1 / (1 + std::exp(-x));
    if (name == "Tanh") return std::tanh(x);
    if (name == "Relu") return std::max(x, 0.0);
    if (name == "Affine") return alpha * x + beta;
    if (name == "LeakyRelu") return x >= 0 ? x : alpha * x;
    if (name == "ThresholdedRelu") return x >= alpha ? x : 0;
    if (name == "ScaledTanh") return alpha * std::tanh(beta * x);
    if (name == "HardSigmoid") return std::clamp(alpha * x + beta, 0.0, 1.0);
    if (name == "Elu") return x >= 0 ? x : alpha * std::expm1(x);
    if (name == "Softsign") return x / (1 + std::abs(x));
    return std::log1p(std::exp(x));  // Softplus
  }
};

/// An activation's parameters where the node gives none; none for an unknown name.
std::optional<Activation> default_activation(const std::string& name) {
  for (const Activation& each : {Activation{"Sigmoid", 0, 0},
                                 {"Tanh", 0, 0},
                                 {"Relu", 0, 0},
                                 {"Affine", 1, 0},
                                 {"LeakyRelu", 0.01, 0},
                                 {"ThresholdedRelu", 1, 0},
                                 {"ScaledTanh", 1, 1},
                                 {"HardSigmoid", 0.2, 0.5},
                                 {"Elu", 1, 0},
                                 {"Softsign", 0, 0},
                                 {"Softplus", 0, 0}}) {
    if (each.name == name) return each;
  }
  return std::nullopt;
}

bool takes_alpha(const std::string& name) {
  return name == "Affine" || name == "LeakyRelu" || name == "ThresholdedRelu" ||
         name == "ScaledTanh" || name == "HardSigmoid" || name == "Elu";
}

bool takes_beta(const std::string& name) {
  return name == "Affine" || name == "ScaledTanh" || name == "HardSigmoid";
}

/// The activations of all directions; parameters are consumed in their order.
std::vector<Activation> activations_of(const KernelCall& call, std::vector<std::string> names,
                                       std::size_t directions) {
  const std::size_t count = names.size() * directions;
  const std::vector<std::string> given = call.attributes().texts("activations");
  if (directions == 2) {
    const std::vector<std::string> once = names;
    names.insert(names.end(), once.begin(), once.end());
  }
  if (!given.empty()) names = given;
  if (names.size() != count) call.fail("has a wrong number of activations");
  const std::vector<float> alphas = call.attributes().reals("activation_alpha");
  const std::vector<float> betas = call.attributes().reals("activation_beta");
  std::size_t alpha = 0;
  std::size_t beta = 0;
  std::vector<Activation> result;
  for (const std::string& name : names) {
    std::optional<Activation> activation = default_activation(name);
    if (!activation) call.fail("has the unknown activation " + name);
    if (takes_alpha(name) && alpha < alphas.size()) activation->alpha = alphas[alpha++];
    if (takes_beta(name) && beta < betas.size()) activation->beta = betas[beta++];
    result.push_back(*activation);
  }
  return result;
}

Vector wide(const KernelCall& call, std::size_t input) {
  if (!call.has(input)) return {};
  const Tensor converted = tensor::convert(call.input(input), DType::f64);
  return {converted.values<double>().begin(), converted.values<double>().end()};
}

/// All of a recurrent node in double, with extents by name.
struct Recurrence {
  std::size_t steps;
  std::size_t batch;
  std::size_t width;  // of the input
  std::size_t hidden;
  std::size_t gates;
  std::size_t directions;
  bool batch_first;
  double clip;
  Vector x, w, r, b, h0, c0, peepholes;
  std::vector<std::int64_t> lengths;
  std::vector<Activation> activations;
};

/// The state of one batch entry under way in one direction.
struct Cell {
  Vector h;
  Vector c;
};

/// One direction's view of the weights.
struct Direction {
  const Recurrence& all;
  std::size_t index;

  const double* w() const { return all.w.data() + index * all.gates * all.hidden * all.width; }
  const double* r() const { return all.r.data() + index * all.gates * all.hidden * all.hidden; }
  const Activation& activation(std::size_t i) const {
    return all.activations[index * all.activations.size() / all.directions + i];
  }
  double input_bias(std::size_t row) const {
    return all.b.empty() ? 0 : all.b[index * 2 * all.gates * all.hidden + row];
  }
  double state_bias(std::size_t row) const {
    return all.b.empty() ? 0 : all.b[(index * 2 + 1) * all.gates * all.hidden + row];
  }
  double peephole(std::size_t row) const {
    return all.peepholes.empty() ? 0 : all.peepholes[index * 3 * all.hidden + row];
  }
  double clipped(double value) const { return std::clamp(value, -all.clip, all.clip); }

  /// The products of all gates' rows with a vector.
  static Vector multiply(const double* matrix, std::size_t rows, const double* vector,
                         std::size_t columns) {
    Vector result(rows, 0);
    for (std::size_t row = 0; row < rows; ++row) {
      for (std::size_t k = 0; k < columns; ++k)
        result[row] += matrix[row * columns + k] * vector[k];
    }
    return result;
  }
};

/// Gates in the order i, o, f, c.
void step_lstm(const Direction& d, const Vector& from_x, Cell& cell, bool couples) {
  const std::size_t n = d.all.hidden;
  const Vector from_h = Direction::multiply(d.r(), 4 * n, cell.h.data(), n);
  Vector next(n);
  for (std::size_t k = 0; k < n; ++k) {
    const auto sum = [&](std::size_t gate) {
      const std::size_t row = gate * n + k;
      return from_x[row] + from_h[row] + d.input_bias(row) + d.state_bias(row);
    };
    const double i = d.activation(0)(d.clipped(sum(0) + d.peephole(k) * cell.c[k]));
    const double f =
        couples ? 1 - i : d.activation(0)(d.clipped(sum(2) + d.peephole(2 * n + k) * cell.c[k]));
    const double candidate = d.activation(1)(d.clipped(sum(3)));
    cell.c[k] = f * cell.c[k] + i * candidate;
    const double o = d.activation(0)(d.clipped(sum(1) + d.peephole(n + k) * cell.c[k]));
    next[k] = o * d.activation(2)(d.clipped(cell.c[k]));
  }
  cell.h = next;
}

/// Gates in the order z, r, h.
void step_gru(const Direction& d, const Vector& from_x, Cell& cell, bool reset_last) {
  const std::size_t n = d.all.hidden;
  const Vector from_h = Direction::multiply(d.r(), 3 * n, cell.h.data(), n);
  const auto gate = [&](std::size_t row) {
    return d.activation(0)(
        d.clipped(from_x[row] + from_h[row] + d.input_bias(row) + d.state_bias(row)));
  };
  Vector reset(n);
  for (std::size_t k = 0; k < n; ++k) reset[k] = gate(n + k) * cell.h[k];
  const Vector from_reset = Direction::multiply(d.r() + 2 * n * n, n, reset.data(), n);
  Vector next(n);
  for (std::size_t k = 0; k < n; ++k) {
    const std::size_t row = 2 * n + k;
    const double state = reset_last ? gate(n + k) * (from_h[row] + d.state_bias(row))
                                    : from_reset[k] + d.state_bias(row);
    const double candidate = d.activation(1)(d.clipped(from_x[row] + state + d.input_bias(row)));
    const double z = gate(k);
    next[k] = (1 - z) * candidate + z * cell.h[k];
  }
  cell.h = next;
}

void step_rnn(const Direction& d, const Vector& from_x, Cell& cell, bool) {
  const std::size_t n = d.all.hidden;
  const Vector from_h = Direction::multiply(d.r(), n, cell.h.data(), n);
  for (std::size_t k = 0; k < n; ++k) {
    cell.h[k] =
        d.activation(0)(d.clipped(from_x[k] + from_h[k] + d.input_bias(k) + d.state_bias(k)));
  }
}

using Step = void (*)(const Direction&, const Vector& from_x, Cell& cell, bool flag);

std::size_t length_of(const KernelCall& call, const Recurrence& all, std::size_t entry) {
  if (all.lengths.empty()) return all.steps;
  const std::int64_t length = all.lengths[entry];
  if (length < 0 || length > static_cast<std::int64_t>(all.steps)) {
    call.fail("has an impossible sequence length");
  }
  return static_cast<std::size_t>(length);
}

/// Where the state of one direction and batch entry begins.
std::size_t state_at(const Recurrence& all, std::size_t direction, std::size_t entry) {
  const std::size_t place =
      all.batch_first ? entry * all.directions + direction : direction * all.batch + entry;
  return place * all.hidden;
}

Vector part(const Vector& whole, std::size_t first, std::size_t count) {
  if (whole.empty()) return Vector(count, 0);
  const auto begin = whole.begin() + static_cast<std::ptrdiff_t>(first);
  return {begin, begin + static_cast<std::ptrdiff_t>(count)};
}

/// The results in double: all states, the last states and the last cells.
struct Results {
  Vector y, y_h, y_c;
};

void run_direction(const KernelCall& call, const Recurrence& all, const Direction& direction,
                   bool backward, Step step, bool flag, Results& results) {
  for (std::size_t entry = 0; entry < all.batch; ++entry) {
    const std::size_t state = state_at(all, direction.index, entry);
    Cell cell{part(all.h0, state, all.hidden), part(all.c0, state, all.hidden)};
    const std::size_t length = length_of(call, all, entry);
    for (std::size_t i = 0; i < length; ++i) {
      const std::size_t t = backward ? length - 1 - i : i;
      const std::size_t place = all.batch_first ? entry * all.steps + t : t * all.batch + entry;
      const Vector from_x = Direction::multiply(direction.w(), all.gates * all.hidden,
                                                all.x.data() + place * all.width, all.width);
      step(direction, from_x, cell, flag);
      const std::size_t to = all.batch_first
                                 ? place * all.directions + direction.index
                                 : (t * all.directions + direction.index) * all.batch + entry;
      std::ranges::copy(cell.h, results.y.begin() + static_cast<std::ptrdiff_t>(to * all.hidden));
    }
    std::ranges::copy(cell.h, results.y_h.begin() + static_cast<std::ptrdiff_t>(state));
    std::ranges::copy(cell.c, results.y_c.begin() + static_cast<std::ptrdiff_t>(state));
  }
}

Recurrence read(const KernelCall& call, std::size_t gates, std::vector<std::string> defaults) {
  const Shape& x = call.input(0).shape();
  Recurrence all{};
  all.batch_first = call.attributes().integer("layout", 0) != 0;
  all.steps = static_cast<std::size_t>(x[all.batch_first ? 1 : 0]);
  all.batch = static_cast<std::size_t>(x[all.batch_first ? 0 : 1]);
  all.width = static_cast<std::size_t>(x[2]);
  all.hidden = static_cast<std::size_t>(call.input(2).shape()[2]);
  all.gates = gates;
  all.directions = static_cast<std::size_t>(call.input(1).shape()[0]);
  const float clip = call.attributes().real("clip", 0);
  all.clip = clip > 0 ? static_cast<double>(clip) : std::numeric_limits<double>::infinity();
  all.x = wide(call, 0);
  all.w = wide(call, 1);
  all.r = wide(call, 2);
  all.b = wide(call, 3);
  if (call.has(4)) all.lengths = call.integers(4);
  all.h0 = wide(call, 5);
  all.c0 = wide(call, 6);
  all.peepholes = wide(call, 7);
  all.activations = activations_of(call, std::move(defaults), all.directions);
  return all;
}

void store(KernelCall& call, std::size_t output, const Vector& values) {
  if (!call.has_output(output)) return;
  with_real(call.output(output).dtype(), [&]<class T>(Element<T>) {
    std::ranges::transform(values, call.output(output).mutable_values<T>().begin(),
                           [](double value) { return static_cast<T>(value); });
  });
}

bool run_recurrent(KernelCall& call, const Recurrence& all, Step step, bool flag) {
  const std::size_t states = all.directions * all.batch * all.hidden;
  Results results{Vector(all.steps * states, 0), Vector(states, 0), Vector(states, 0)};
  const bool is_reverse = call.attributes().text("direction", "forward") == "reverse";
  for (std::size_t direction = 0; direction < all.directions; ++direction) {
    run_direction(call, all, {all, direction}, is_reverse || direction == 1, step, flag, results);
  }
  store(call, 0, results.y);
  store(call, 1, results.y_h);
  store(call, 2, results.y_c);
  return true;
}

bool run_lstm(KernelCall& call) {
  const bool couples = call.attributes().integer("input_forget", 0) != 0;
  return run_recurrent(call, read(call, 4, {"Sigmoid", "Tanh", "Tanh"}), step_lstm, couples);
}

bool run_gru(KernelCall& call) {
  const bool reset_last = call.attributes().integer("linear_before_reset", 0) != 0;
  return run_recurrent(call, read(call, 3, {"Sigmoid", "Tanh"}), step_gru, reset_last);
}

bool run_rnn(KernelCall& call) {
  return run_recurrent(call, read(call, 1, {"Tanh"}), step_rnn, false);
}

constexpr std::array kernels{
    Kernel{"GRU", Kernel::Kind::computes, run_gru},
    Kernel{"LSTM", Kernel::Kind::computes, run_lstm},
    Kernel{"RNN", Kernel::Kind::computes, run_rnn},
};

}  // namespace

std::span<const Kernel> recurrent_kernels() {
  return kernels;
}

}  // namespace ampd::engine
