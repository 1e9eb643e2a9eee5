#include "data/transform.hpp"

#include "ampd/error.hpp"
#include "data/transform_kinds.hpp"

namespace ampd::data {

Transform make_transform(const job::Component& component) {
  for (const auto* kinds : {&value_transforms(), &axis_transforms(), &geometry_transforms()}) {
    const auto found = kinds->find(component.name);
    if (found == kinds->end()) continue;
    return [transform = found->second(component)](Sample& sample) {
      for (Field& field : sample.inputs) field = transform(field);
    };
  }
  throw Error(ErrorCode::unsupported, "the transform " + component.name + " is not offered");
}

tensor::Tensor postprocess(const std::vector<job::Component>& components, tensor::Tensor labels) {
  for (const job::Component& component : components) {
    if (component.name != "LabelShift") {
      throw Error(ErrorCode::unsupported, "the postprocess " + component.name + " is not offered");
    }
    if (tensor::is_floating(labels.dtype())) {
      throw Error(ErrorCode::invalid, "LabelShift wants integer labels, but they are " +
                                          std::string(tensor::to_string(labels.dtype())));
    }
    const auto shift = component.parameters.at("label_shift").get<std::int64_t>();
    tensor::Tensor shifted(tensor::DType::i64, labels.shape());
    const tensor::Tensor wide = convert(labels, tensor::DType::i64);
    for (std::size_t i = 0; i < static_cast<std::size_t>(wide.size()); ++i) {
      const std::int64_t label = wide.values<std::int64_t>()[i];
      if (__builtin_sub_overflow(label, shift, &shifted.mutable_values<std::int64_t>()[i])) {
        throw Error(ErrorCode::invalid, "LabelShift takes the label " + std::to_string(label) +
                                            " out of the range of integers");
      }
    }
    labels = shifted;
  }
  return labels;
}

}  // namespace ampd::data
