// Inputs of a model that a person gives: files and shapes by input name.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>

#include "evaluation/model.hpp"

namespace ampd::evaluation {

struct GivenInputs {
  std::map<std::string, std::filesystem::path> files;  // .npy
  Shapes shapes;
};

/// The files' tensors. Throws Error: what reading gives; invalid for a name that is no input of the
/// model, and for a file whose type is not the input's or whose shape is not the one that is given
/// for it.
Tensors read_inputs(const Model& model, const GivenInputs& given);

/// Throws Error(invalid) naming the inputs of the model that have no tensor.
void require_all(const Model& model, const Tensors& tensors);

/// The shapes that go with the tensors: theirs, and those that are given for other inputs. Throws
/// Error(invalid) for a name that is no input of the model.
Shapes shapes_of(const Model& model, const GivenInputs& given, const Tensors& tensors);

}  // namespace ampd::evaluation
