#include "CSimdJSON.h"

#include <memory>
#include <new>
#include <simdjson.h>

struct moontide_json_index {
  std::unique_ptr<simdjson::internal::dom_parser_implementation> parser;
  uint32_t nothing = 0;
};

extern "C" moontide_json_index *moontide_json_index_create(size_t capacity) {
  auto *index = new (std::nothrow) moontide_json_index();
  if (!index) return nullptr;
  auto error = simdjson::get_active_implementation()->create_dom_parser_implementation(
      capacity, simdjson::DEFAULT_MAX_DEPTH, index->parser);
  if (error) {
    delete index;
    return nullptr;
  }
  return index;
}

extern "C" void moontide_json_index_free(moontide_json_index *index) { delete index; }

extern "C" int64_t moontide_json_index_block(
    moontide_json_index *index, const uint8_t *bytes, size_t length) {
  if (length == 0 || length > index->parser->capacity()) return -1;
  auto error = index->parser->stage1(bytes, length, simdjson::stage1_mode::regular);
  if (error == simdjson::EMPTY) return 0;
  if (error) return -static_cast<int64_t>(error);
  return static_cast<int64_t>(index->parser->n_structural_indexes);
}

extern "C" const uint32_t *moontide_json_index_positions(const moontide_json_index *index) {
  const uint32_t *positions = index->parser->structural_indexes.get();
  return positions ? positions : &index->nothing;
}
