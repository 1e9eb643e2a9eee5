#include <algorithm>
#include <array>
#include <cmath>
#include <complex>
#include <numbers>

#include "engine/kernels/dispatch.hpp"
#include "engine/kernels/kernel.hpp"

namespace ampd::engine {
namespace {

using tensor::DType;
using tensor::Shape;
using tensor::Tensor;
using Complex = std::complex<double>;

/// A cosine window: the sum of `weights[k] * cos(2 pi k i / span)`.
bool run_window(KernelCall& call, const std::array<double, 3>& weights) {
  const std::int64_t size = call.output(0).size();
  const bool periodic = call.attributes().integer("periodic", 1) != 0;
  const auto span = static_cast<double>(periodic ? size : size - 1);
  Tensor result(DType::f64, {size});
  const auto to = result.mutable_values<double>();
  for (std::size_t i = 0; i < to.size(); ++i) {
    const double angle = span == 0 ? 0 : 2 * std::numbers::pi * static_cast<double>(i) / span;
    to[i] = weights[0] + weights[1] * std::cos(angle) + weights[2] * std::cos(2 * angle);
  }
  call.set_output(0, tensor::convert(result, call.output(0).dtype()));
  return true;
}

bool run_hann(KernelCall& call) {
  return run_window(call, {0.5, -0.5, 0});
}

bool run_hamming(KernelCall& call) {
  return run_window(call, {25.0 / 46, -21.0 / 46, 0});
}

bool run_blackman(KernelCall& call) {
  return run_window(call, {0.42, -0.5, 0.08});
}

/// The discrete Fourier transform by its definition, over a table of the unit's roots.
class Transform {
 public:
  Transform(std::size_t points, bool inverse) : inverse_(inverse), roots_(points) {
    const double turn = (inverse ? 2 : -2) * std::numbers::pi / static_cast<double>(points);
    for (std::size_t k = 0; k < points; ++k)
      roots_[k] = std::polar(1.0, turn * static_cast<double>(k));
  }

  Complex bin(const std::vector<Complex>& signal, std::size_t index) const {
    Complex sum = 0;
    std::size_t root = 0;
    for (const Complex& each : signal) {
      sum += each * roots_[root];
      root = (root + index) % roots_.size();
    }
    return inverse_ ? sum / static_cast<double>(roots_.size()) : sum;
  }

 private:
  bool inverse_;
  std::vector<Complex> roots_;
};

template <class T>
Complex complex_at(const T* from, std::int64_t parts) {
  return {static_cast<double>(from[0]), parts == 2 ? static_cast<double>(from[1]) : 0.0};
}

bool run_transform(KernelCall& call) {
  const Shape& shape = call.input(0).shape();
  const std::int64_t given = call.has(2) ? call.integers(2).at(0) : -2;
  const std::size_t axis = call.axis(given, shape.size());
  const std::int64_t parts = shape.back();
  if (parts != 1 && parts != 2) call.fail("needs a last axis of 1 or 2");
  const std::int64_t held = shape[axis];
  const std::int64_t points = call.has(1) ? call.integers(1).at(0) : held;
  const std::int64_t bins = call.output(0).shape()[axis];
  if (points < 1) call.fail("needs at least one point");
  const Transform transform(static_cast<std::size_t>(points),
                            call.attributes().integer("inverse", 0) != 0);
  std::int64_t inner = 1;
  for (std::size_t i = axis + 1; i + 1 < shape.size(); ++i) inner *= shape[i];
  const std::int64_t lines = held == 0 ? 0 : call.input(0).size() / parts / held;
  return with_real(call.input(0).dtype(), [&]<class T>(Element<T>) {
    const T* from = call.input(0).values<T>().data();
    T* to = call.output(0).mutable_values<T>().data();
    std::vector<Complex> signal(static_cast<std::size_t>(std::min(points, held)));
    for (std::int64_t line = 0; line < lines; ++line) {
      const std::int64_t outer = line / inner;
      const std::int64_t rest = line % inner;
      for (std::size_t i = 0; i < signal.size(); ++i) {
        const std::int64_t at = (outer * held + static_cast<std::int64_t>(i)) * inner + rest;
        signal[i] = complex_at(from + at * parts, parts);
      }
      for (std::int64_t k = 0; k < bins; ++k) {
        const Complex bin = transform.bin(signal, static_cast<std::size_t>(k));
        T* place = to + ((outer * bins + k) * inner + rest) * 2;
        place[0] = static_cast<T>(bin.real());
        place[1] = static_cast<T>(bin.imag());
      }
    }
  });
}

bool run_short_transform(KernelCall& call) {
  const Shape& shape = call.input(0).shape();
  const Shape& result = call.output(0).shape();
  const std::int64_t parts = shape.size() == 3 ? shape[2] : 1;
  if (parts != 1 && parts != 2) call.fail("needs a last axis of 1 or 2");
  const std::int64_t step = call.integers(1).at(0);
  const std::int64_t frame = call.has(3) ? call.integers(3).at(0) : call.input(2).size();
  if (call.has(2) && call.input(2).size() != frame) call.fail("has a window unlike its frame");
  const Transform transform(static_cast<std::size_t>(frame), false);
  return with_real(call.input(0).dtype(), [&]<class T>(Element<T>) {
    const T* from = call.input(0).values<T>().data();
    T* to = call.output(0).mutable_values<T>().data();
    std::vector<Complex> signal(static_cast<std::size_t>(frame));
    for (std::int64_t k = 0; k < result[0] * result[1]; ++k) {
      const std::int64_t first = k / result[1] * shape[1] + k % result[1] * step;
      for (std::size_t i = 0; i < signal.size(); ++i) {
        const auto at = first + static_cast<std::int64_t>(i);
        signal[i] = complex_at(from + at * parts, parts);
        if (call.has(2)) signal[i] *= static_cast<double>(call.input(2).values<T>()[i]);
      }
      for (std::int64_t bin = 0; bin < result[2]; ++bin) {
        const Complex value = transform.bin(signal, static_cast<std::size_t>(bin));
        *to++ = static_cast<T>(value.real());
        *to++ = static_cast<T>(value.imag());
      }
    }
  });
}

double number(const Tensor& scalar) {
  return tensor::convert(scalar, DType::f64).values<double>()[0];
}

double to_mel(double hertz) {
  return 2595 * std::log10(1 + hertz / 700);
}

/// Triangles between the bins that lie nearest below evenly spaced points of the mel scale.
bool run_mel_weights(KernelCall& call) {
  const std::int64_t bands = call.output(0).shape()[1];
  const std::int64_t rows = call.output(0).shape()[0];
  const double points = number(call.input(1));
  const double low = to_mel(number(call.input(3)));
  const double high = to_mel(number(call.input(4)));
  std::vector<double> edges;
  for (std::int64_t i = 0; i < bands + 2; ++i) {
    const double mel = low + (high - low) * static_cast<double>(i) / static_cast<double>(bands + 2);
    const double hertz = 700 * (std::pow(10, mel / 2595) - 1);
    edges.push_back(std::floor((points + 1) * hertz / number(call.input(2))));
  }
  Tensor result(DType::f64, {rows, bands});
  const auto to = result.mutable_values<double>();
  for (std::size_t band = 0; band + 2 < edges.size(); ++band) {
    for (std::int64_t row = 0; row < rows; ++row) {
      const auto bin = static_cast<double>(row);
      const double below = edges[band];
      const double peak = edges[band + 1];
      const double above = edges[band + 2];
      double weight = 0;
      if (bin == peak && peak == below) {
        weight = 1;
      } else if (bin >= below && bin <= peak && peak > below) {
        weight = (bin - below) / (peak - below);
      } else if (bin > peak && bin < above) {
        weight = (above - bin) / (above - peak);
      }
      to[static_cast<std::size_t>(row * bands) + band] = weight;
    }
  }
  call.set_output(0, tensor::convert(result, call.output(0).dtype()));
  return true;
}

constexpr auto moves = Kernel::Kind::moves;

constexpr std::array kernels{
    Kernel{"BlackmanWindow", moves, run_blackman},
    Kernel{"DFT", Kernel::Kind::computes, run_transform},
    Kernel{"HammingWindow", moves, run_hamming},
    Kernel{"HannWindow", moves, run_hann},
    Kernel{"MelWeightMatrix", moves, run_mel_weights},
    Kernel{"STFT", Kernel::Kind::computes, run_short_transform},
};

}  // namespace

std::span<const Kernel> signal_kernels() {
  return kernels;
}

}  // namespace ampd::engine
