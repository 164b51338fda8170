#pragma once

#include <stddef.h>
#include <stdint.h>

// RocksDB through its C interface, opened when first used, so that a script which keeps its state
// in memory runs where the library is missing.

/// Opens the library; NULL, or what went wrong. Any thread, any number of times.
const char *_Nullable moontide_rocksdb_load(void);

typedef struct moontide_rocksdb moontide_rocksdb;

/// Opens or makes a database that only this process uses and that need not survive it. NULL, with
/// a message that the caller frees in `error`.
moontide_rocksdb *_Nullable moontide_rocksdb_open(
    const char *_Nonnull path, size_t cache_bytes, size_t buffer_bytes,
    char *_Nullable *_Nonnull error);
void moontide_rocksdb_close(moontide_rocksdb *_Nonnull db);
/// Writes what is in memory to files. NULL, or a message that the caller frees.
char *_Nullable moontide_rocksdb_flush(moontide_rocksdb *_Nonnull db);
/// Bytes that the database holds in memory.
uint64_t moontide_rocksdb_memory(moontide_rocksdb *_Nonnull db);

/// Changes that are written together. One thread at a time.
typedef struct moontide_rocksdb_batch moontide_rocksdb_batch;
moontide_rocksdb_batch *_Nullable moontide_rocksdb_batch_create(void);
void moontide_rocksdb_batch_free(moontide_rocksdb_batch *_Nonnull batch);
void moontide_rocksdb_put(
    moontide_rocksdb_batch *_Nonnull batch, const void *_Nonnull key, size_t key_count,
    const void *_Nullable value, size_t value_count);
void moontide_rocksdb_delete(
    moontide_rocksdb_batch *_Nonnull batch, const void *_Nonnull key, size_t key_count);
/// Bytes in the batch.
size_t moontide_rocksdb_batch_size(moontide_rocksdb_batch *_Nonnull batch);
/// Applies the batch and empties it. NULL, or a message that the caller frees.
char *_Nullable moontide_rocksdb_write(
    moontide_rocksdb *_Nonnull db, moontide_rocksdb_batch *_Nonnull batch);

/// Walks the keys in order, as they were when it was made. One thread at a time.
typedef struct moontide_rocksdb_walk moontide_rocksdb_walk;
moontide_rocksdb_walk *_Nullable moontide_rocksdb_walk_create(moontide_rocksdb *_Nonnull db);
void moontide_rocksdb_walk_free(moontide_rocksdb_walk *_Nonnull walk);
/// Goes on to the first key that is not before this one; the walk must not be behind it yet. 0: it
/// is this key; 1: a later one; -1: there is none.
int moontide_rocksdb_advance(
    moontide_rocksdb_walk *_Nonnull walk, const void *_Nonnull key, size_t key_count);
void moontide_rocksdb_next(moontide_rocksdb_walk *_Nonnull walk);
/// The key, or NULL behind the last one. Valid until the walk moves.
const void *_Nullable moontide_rocksdb_key(
    moontide_rocksdb_walk *_Nonnull walk, size_t *_Nonnull count);
const void *_Nullable moontide_rocksdb_value(
    moontide_rocksdb_walk *_Nonnull walk, size_t *_Nonnull count);
/// NULL, or a message that the caller frees: the walk ended because of it.
char *_Nullable moontide_rocksdb_walk_error(moontide_rocksdb_walk *_Nonnull walk);
