#include "CRocksDB.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// The functions used here have had these signatures since RocksDB 5. All handles are opaque.
static struct {
  void *(*options_create)(void);
  void (*options_destroy)(void *);
  void (*options_set_create_if_missing)(void *, unsigned char);
  void (*options_set_write_buffer_size)(void *, size_t);
  void (*options_set_max_open_files)(void *, int);
  void (*options_set_compression)(void *, int);
  void (*options_set_level0_file_num_compaction_trigger)(void *, int);
  void (*options_set_block_based_table_factory)(void *, void *);
  void *(*block_based_options_create)(void);
  void (*block_based_options_destroy)(void *);
  void (*block_based_options_set_block_size)(void *, size_t);
  void (*block_based_options_set_block_cache)(void *, void *);
  void (*block_based_options_set_cache_index_and_filter_blocks)(void *, unsigned char);
  void *(*cache_create_lru)(size_t);
  void (*cache_destroy)(void *);
  void *(*open)(const void *, const char *, char **);
  void (*close)(void *);
  void *(*flushoptions_create)(void);
  void (*flushoptions_destroy)(void *);
  void (*flush)(void *, const void *, char **);
  int (*property_int)(void *, const char *, uint64_t *);
  void *(*writeoptions_create)(void);
  void (*writeoptions_destroy)(void *);
  void (*writeoptions_disable_WAL)(void *, int);
  void *(*readoptions_create)(void);
  void (*readoptions_destroy)(void *);
  void *(*writebatch_create)(void);
  void (*writebatch_destroy)(void *);
  void (*writebatch_clear)(void *);
  void (*writebatch_put)(void *, const char *, size_t, const char *, size_t);
  void (*writebatch_delete)(void *, const char *, size_t);
  const char *(*writebatch_data)(void *, size_t *);
  void (*write)(void *, const void *, void *, char **);
  void *(*create_iterator)(void *, const void *);
  void (*iter_destroy)(void *);
  unsigned char (*iter_valid)(const void *);
  void (*iter_seek)(void *, const char *, size_t);
  void (*iter_next)(void *);
  const char *(*iter_key)(const void *, size_t *);
  const char *(*iter_value)(const void *, size_t *);
  void (*iter_get_error)(const void *, char **);
} rocks;

static char load_error[512];
static pthread_once_t load_once = PTHREAD_ONCE_INIT;

static void load(void) {
  static const char *const names[] = {
      "librocksdb.so.7.8", "librocksdb.so", "librocksdb.so.8", "librocksdb.so.9",
      "librocksdb.so.10"};
  void *library = NULL;
  for (size_t i = 0; !library && i < sizeof names / sizeof *names; i++)
    library = dlopen(names[i], RTLD_NOW | RTLD_LOCAL);
  if (!library) {
    const char *why = dlerror();
    snprintf(load_error, sizeof load_error, "%s", why ? why : "no such library");
    return;
  }
#define FIND(name)                                                              \
  *(void **)(&rocks.name) = dlsym(library, "rocksdb_" #name);                   \
  if (!rocks.name) {                                                            \
    snprintf(load_error, sizeof load_error, "librocksdb has no rocksdb_" #name); \
    return;                                                                     \
  }
  FIND(options_create)
  FIND(options_destroy)
  FIND(options_set_create_if_missing)
  FIND(options_set_write_buffer_size)
  FIND(options_set_max_open_files)
  FIND(options_set_compression)
  FIND(options_set_level0_file_num_compaction_trigger)
  FIND(options_set_block_based_table_factory)
  FIND(block_based_options_create)
  FIND(block_based_options_destroy)
  FIND(block_based_options_set_block_size)
  FIND(block_based_options_set_block_cache)
  FIND(block_based_options_set_cache_index_and_filter_blocks)
  FIND(cache_create_lru)
  FIND(cache_destroy)
  FIND(open)
  FIND(close)
  FIND(flushoptions_create)
  FIND(flushoptions_destroy)
  FIND(flush)
  FIND(property_int)
  FIND(writeoptions_create)
  FIND(writeoptions_destroy)
  FIND(writeoptions_disable_WAL)
  FIND(readoptions_create)
  FIND(readoptions_destroy)
  FIND(writebatch_create)
  FIND(writebatch_destroy)
  FIND(writebatch_clear)
  FIND(writebatch_put)
  FIND(writebatch_delete)
  FIND(writebatch_data)
  FIND(write)
  FIND(create_iterator)
  FIND(iter_destroy)
  FIND(iter_valid)
  FIND(iter_seek)
  FIND(iter_next)
  FIND(iter_key)
  FIND(iter_value)
  FIND(iter_get_error)
#undef FIND
}

const char *moontide_rocksdb_load(void) {
  pthread_once(&load_once, load);
  return *load_error ? load_error : NULL;
}

struct moontide_rocksdb {
  void *db;
  void *write_options;
  void *read_options;
  void *cache;
};

moontide_rocksdb *moontide_rocksdb_open(
    const char *path, size_t cache_bytes, size_t buffer_bytes, char **error) {
  void *cache = rocks.cache_create_lru(cache_bytes);
  void *table = rocks.block_based_options_create();
  rocks.block_based_options_set_block_cache(table, cache);
  // A batch reads its keys in order, many of them from one block.
  rocks.block_based_options_set_block_size(table, 16 << 10);
  // Index and filter blocks count against the cache: memory then has a bound.
  rocks.block_based_options_set_cache_index_and_filter_blocks(table, 1);
  void *options = rocks.options_create();
  rocks.options_set_create_if_missing(options, 1);
  rocks.options_set_write_buffer_size(options, buffer_bytes);
  rocks.options_set_max_open_files(options, 256);
  // What is written soon is written again: merging less often is worth more than small files.
  rocks.options_set_compression(options, 0);
  rocks.options_set_level0_file_num_compaction_trigger(options, 8);
  rocks.options_set_block_based_table_factory(options, table);
  void *db = rocks.open(options, path, error);
  rocks.options_destroy(options);
  rocks.block_based_options_destroy(table);
  moontide_rocksdb *out = db ? calloc(1, sizeof *out) : NULL;
  if (!out) {
    if (db) rocks.close(db);
    rocks.cache_destroy(cache);
    return NULL;
  }
  out->db = db;
  out->cache = cache;
  out->write_options = rocks.writeoptions_create();
  rocks.writeoptions_disable_WAL(out->write_options, 1);
  out->read_options = rocks.readoptions_create();
  return out;
}

void moontide_rocksdb_close(moontide_rocksdb *db) {
  rocks.close(db->db);
  rocks.writeoptions_destroy(db->write_options);
  rocks.readoptions_destroy(db->read_options);
  rocks.cache_destroy(db->cache);
  free(db);
}

char *moontide_rocksdb_flush(moontide_rocksdb *db) {
  char *error = NULL;
  void *options = rocks.flushoptions_create();
  rocks.flush(db->db, options, &error);
  rocks.flushoptions_destroy(options);
  return error;
}

uint64_t moontide_rocksdb_memory(moontide_rocksdb *db) {
  static const char *const parts[] = {
      "rocksdb.cur-size-all-mem-tables", "rocksdb.block-cache-usage",
      "rocksdb.estimate-table-readers-mem"};
  uint64_t sum = 0;
  for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
    uint64_t bytes = 0;
    if (rocks.property_int(db->db, parts[i], &bytes) == 0) sum += bytes;
  }
  return sum;
}

moontide_rocksdb_batch *moontide_rocksdb_batch_create(void) {
  return (moontide_rocksdb_batch *)rocks.writebatch_create();
}

void moontide_rocksdb_batch_free(moontide_rocksdb_batch *batch) { rocks.writebatch_destroy(batch); }

void moontide_rocksdb_put(
    moontide_rocksdb_batch *batch, const void *key, size_t key_count, const void *value,
    size_t value_count) {
  rocks.writebatch_put(batch, key, key_count, value ? value : "", value_count);
}

void moontide_rocksdb_delete(moontide_rocksdb_batch *batch, const void *key, size_t key_count) {
  rocks.writebatch_delete(batch, key, key_count);
}

size_t moontide_rocksdb_batch_size(moontide_rocksdb_batch *batch) {
  size_t size = 0;
  rocks.writebatch_data(batch, &size);
  return size;
}

char *moontide_rocksdb_write(moontide_rocksdb *db, moontide_rocksdb_batch *batch) {
  char *error = NULL;
  rocks.write(db->db, db->write_options, batch, &error);
  rocks.writebatch_clear(batch);
  return error;
}

struct moontide_rocksdb_walk {
  void *iterator;
  int has_begun;
};

moontide_rocksdb_walk *moontide_rocksdb_walk_create(moontide_rocksdb *db) {
  moontide_rocksdb_walk *walk = calloc(1, sizeof *walk);
  if (walk) walk->iterator = rocks.create_iterator(db->db, db->read_options);
  return walk;
}

void moontide_rocksdb_walk_free(moontide_rocksdb_walk *walk) {
  rocks.iter_destroy(walk->iterator);
  free(walk);
}

// A step costs a tenth of a search: near keys are walked to, far ones searched for.
enum { NEAR_STEPS = 8 };

int moontide_rocksdb_advance(moontide_rocksdb_walk *walk, const void *key, size_t key_count) {
  if (!walk->has_begun) rocks.iter_seek(walk->iterator, key, key_count);
  walk->has_begun = 1;
  for (int steps = 0; rocks.iter_valid(walk->iterator); steps++) {
    size_t count = 0;
    const char *own = rocks.iter_key(walk->iterator, &count);
    int order = memcmp(own, key, count < key_count ? count : key_count);
    if (order == 0) order = count == key_count ? 0 : count < key_count ? -1 : 1;
    if (order >= 0) return order > 0;
    if (steps < NEAR_STEPS) {
      rocks.iter_next(walk->iterator);
    } else {
      rocks.iter_seek(walk->iterator, key, key_count);
    }
  }
  return -1;
}

void moontide_rocksdb_next(moontide_rocksdb_walk *walk) { rocks.iter_next(walk->iterator); }

const void *moontide_rocksdb_key(moontide_rocksdb_walk *walk, size_t *count) {
  return rocks.iter_valid(walk->iterator) ? rocks.iter_key(walk->iterator, count) : NULL;
}

const void *moontide_rocksdb_value(moontide_rocksdb_walk *walk, size_t *count) {
  return rocks.iter_valid(walk->iterator) ? rocks.iter_value(walk->iterator, count) : NULL;
}

char *moontide_rocksdb_walk_error(moontide_rocksdb_walk *walk) {
  char *error = NULL;
  rocks.iter_get_error(walk->iterator, &error);
  return error;
}
