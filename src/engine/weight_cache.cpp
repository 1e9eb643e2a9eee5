#include "engine/weight_cache.hpp"

namespace ampd::engine {

std::shared_ptr<const std::byte> WeightCache::reordered(const std::string& digest,
                                                        std::int64_t offset_bytes,
                                                        const Layout& from, const std::byte* bytes,
                                                        const Layout& to) {
  std::vector<Entry>& known = entries_[digest];
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
  dnnl::memory source(from.descriptor(), onednn::cpu(), const_cast<std::byte*>(bytes));
  dnnl::memory destination(to.descriptor(), onednn::cpu(), made.get());
  dnnl::memory work(offer.scratchpad(), onednn::cpu(), scratchpad.get());
  offer.make().execute(
      stream, {{DNNL_ARG_FROM, source}, {DNNL_ARG_TO, destination}, {DNNL_ARG_SCRATCHPAD, work}});
  stream.wait();
  known.push_back({offset_bytes, from, to, made});
  return made;
}

std::shared_ptr<WeightCache> make_weight_cache() {
  return std::make_shared<WeightCache>();
}

}  // namespace ampd::engine
