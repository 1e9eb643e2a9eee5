#include "engine/weight_cache.hpp"

#include <algorithm>

#include "base/digest.hpp"

namespace ampd::engine {

std::shared_ptr<const std::byte> WeightCache::reordered(const Weights& whole,
                                                        std::int64_t offset_bytes,
                                                        const Layout& from, const Layout& to) {
  std::vector<Entry>& known = entries_[digest(whole)];
  for (const Entry& entry : known) {
    if (entry.offset_bytes == offset_bytes && entry.from.reads_like(from) &&
        entry.to.reads_like(to)) {
      return entry.bytes;
    }
  }
  const onednn::Offer offer = onednn::reorder(from.descriptor(), to.descriptor());
  std::shared_ptr<std::byte> made = slabs_.allocate(to.bytes());
  const std::shared_ptr<std::byte> scratchpad =
      allocate_bytes(static_cast<std::int64_t>(offer.scratchpad().get_size()));
  dnnl::stream stream(onednn::cpu());
  // oneDNN takes sources as non-const and does not write to them.
  dnnl::memory source(from.descriptor(), onednn::cpu(),
                      const_cast<std::byte*>(whole.bytes.get() + offset_bytes));
  dnnl::memory destination(to.descriptor(), onednn::cpu(), made.get());
  dnnl::memory work(offer.scratchpad(), onednn::cpu(), scratchpad.get());
  offer.make().execute(
      stream, {{DNNL_ARG_FROM, source}, {DNNL_ARG_TO, destination}, {DNNL_ARG_SCRATCHPAD, work}});
  stream.wait();
  known.push_back({offset_bytes, from, to, made});
  return made;
}

const std::string& WeightCache::digest(const Weights& whole) {
  if (contents_.size() > contents_max_) {
    std::erase_if(contents_, [](const auto& entry) { return entry.second.owner.expired(); });
    contents_max_ = 2 * std::max(contents_.size(), contents_max_ / 2);
  }
  Content& content = contents_[{whole.bytes.get(), whole.size_bytes}];
  if (content.owner.expired()) {
    base::Digest digest;
    digest.add({whole.bytes.get(), static_cast<std::size_t>(whole.size_bytes)});
    content = {whole.bytes, digest.finish()};
  }
  return content.digest;
}

std::shared_ptr<WeightCache> make_weight_cache() {
  return std::make_shared<WeightCache>();
}

}  // namespace ampd::engine
