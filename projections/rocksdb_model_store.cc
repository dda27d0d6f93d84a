#include "projections/rocksdb_model_store.h"

#include <algorithm>
#include <atomic>
#include <numeric>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "projections/rocksdb_model_database.h"
#include "projections/segment_codec.h"
#include "recount/storage/v1/checkpoint.pb.h"
#include "rocksdb/slice.h"
#include "rocksdb/write_batch.h"

namespace recount::projections {
namespace {

//   key        := tenant generation part            numbers are big endian, 4 and 8 bytes
//   part       := 'm'                                manifest: ModelManifest
//               | 'd' number                         texts [number * kChunk, + kChunk) of the dictionary
//               | 's' table number                   rows [number * kChunk, + kChunk) of a table but their `until`s
//               | 'u' table number                   `until`s of rows [number * kUntilBlock, + kUntilBlock); missing: all open
//   table      := place in the manifest, 4 bytes
//   live       := tenant 0                           number of the live generation
// Values: projections/segment_codec.h; all end with a checksum.
constexpr size_t kChunk = 4096;
constexpr size_t kBatchBytes = 8 << 20;

std::string BigEndian(uint64_t number, int bytes) {
  std::string out;
  for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8) out.push_back(static_cast<char>(number >> shift));
  return out;
}

absl::Status Damaged(absl::string_view what) { return absl::DataLossError(absl::StrCat("the kept read models are damaged: ", what)); }

absl::Status NotRead(absl::string_view what, const rocksdb::Status& status) {
  const std::string sentence = absl::StrCat("reading ", what, ": ", status.ToString());
  return status.IsCorruption() ? absl::DataLossError(sentence) : absl::UnavailableError(sentence);
}

bool IsText(ColumnKind kind) {
  return kind == ColumnKind::kText || kind == ColumnKind::kRecord || kind == ColumnKind::kTextSet;
}

class RocksdbModelStore : public ModelStore {
 public:
  RocksdbModelStore(std::unique_ptr<ModelDatabase> db, eventstore::TenantNumber tenant) : db_(std::move(db)), tenant_(tenant) {}

  uint64_t LiveGeneration() override {
    const absl::StatusOr<uint64_t> live = ReadLive();
    return live.ok() ? *live : 0;
  }

  absl::Status DropUnfinished() override {
    const absl::StatusOr<uint64_t> live = ReadLive();
    if (!live.ok() && !absl::IsDataLoss(live.status())) return live.status();
    rocksdb::WriteBatch batch;
    if (!live.ok()) batch.Delete(Key(0, ""));
    const uint64_t kept = live.ok() ? *live : 0;
    if (kept > 1) batch.DeleteRange(Key(1, ""), Key(kept, ""));
    batch.DeleteRange(Key(kept + 1, ""), BigEndian(uint64_t{tenant_} + 1, 4));
    return db_->Write(&batch, "deleting unfinished read models");
  }

  absl::StatusOr<std::unique_ptr<FactTables>> Load(const std::vector<Subject>& subjects, ModelCursor* cursor) override {
    const absl::StatusOr<uint64_t> live = ReadLive();
    if (!live.ok()) return live.status();
    const uint64_t generation = *live;
    if (generation == 0) return absl::NotFoundError("no read models are kept");
    absl::StatusOr<storage::v1::ModelManifest> manifest = ReadManifest(generation);
    if (!manifest.ok()) return manifest.status();
    auto tables = std::make_unique<FactTables>(subjects, generation);
    if (absl::Status fits = TakeColumns(*manifest, tables.get()); !fits.ok()) return fits;
    if (absl::Status read = ReadTexts(generation, manifest->texts(), &tables->dictionary); !read.ok()) return read;
    cursor->rows.clear();
    if (absl::Status read = ReadTables(generation, *manifest, tables.get()); !read.ok()) return read;
    for (const storage::v1::ModelTable& table : manifest->tables()) cursor->rows.push_back(table.rows());
    cursor->texts = manifest->texts();
    cursor->position = tables->position = manifest->position();
    tables->recorded_micros = manifest->recorded_micros();
    if (manifest->hash().size() != tables->hash.size()) return Damaged("manifest");
    std::copy(manifest->hash().begin(), manifest->hash().end(), tables->hash.begin());
    return tables;
  }

  absl::Status Checkpoint(FactTables* tables, ModelCursor* cursor) override { return Write(tables, cursor, SIZE_MAX); }
  absl::Status WriteBeside(FactTables* tables, ModelCursor* cursor) override { return Write(tables, cursor, kBatchBytes); }

  absl::Status MakeLive(uint64_t generation) override {
    rocksdb::WriteBatch batch;
    std::string value = BigEndian(generation, 8);
    Seal(&value);
    batch.Put(Key(0, ""), value);
    batch.DeleteRange(Key(1, ""), Key(generation, ""));
    return db_->Write(&batch, "keeping a generation of read models");
  }

  absl::Status Flush() override { return db_->Flush("keeping read models"); }

 private:
  std::string Key(uint64_t generation, absl::string_view part) const {
    return absl::StrCat(BigEndian(tenant_, 4), BigEndian(generation, 8), part);
  }
  std::string TextsKey(uint64_t generation, size_t chunk) const {
    return Key(generation, absl::StrCat("d", BigEndian(chunk, 8)));
  }
  std::string TableKey(uint64_t generation, absl::string_view kind, size_t table, size_t number) const {
    return Key(generation, absl::StrCat(kind, BigEndian(table, 4), BigEndian(number, 8)));
  }

  absl::Status WriteIfOver(rocksdb::WriteBatch* batch, size_t limit) {
    if (batch->GetDataSize() <= limit) return absl::OkStatus();
    absl::Status written = db_->Write(batch, "keeping read models");
    batch->Clear();
    return written;
  }

  absl::Status Write(FactTables* tables, ModelCursor* cursor, size_t limit) {
    const bool is_everything = cursor->is_uncertain;
    if (is_everything) *cursor = ModelCursor();
    cursor->is_uncertain = true;
    cursor->rows.resize(tables->entries.size(), 0);
    rocksdb::WriteBatch batch;
    for (size_t chunk = cursor->texts / kChunk; chunk * kChunk < tables->dictionary.size(); ++chunk) {
      batch.Put(TextsKey(tables->generation, chunk),
                EncodeTexts(tables->dictionary, chunk * kChunk, std::min((chunk + 1) * kChunk, tables->dictionary.size())));
      if (absl::Status flushed = WriteIfOver(&batch, limit); !flushed.ok()) return flushed;
    }
    for (size_t i = 0; i < tables->entries.size(); ++i) {
      if (absl::Status written = WriteTable(tables, i, cursor->rows[i], is_everything, limit, &batch); !written.ok()) {
        return written;
      }
    }
    std::string manifest = MakeManifest(*tables).SerializeAsString();
    Seal(&manifest);
    batch.Put(Key(tables->generation, "m"), manifest);
    if (absl::Status written = WriteIfOver(&batch, 0); !written.ok()) return written;
    for (size_t i = 0; i < tables->entries.size(); ++i) cursor->rows[i] = tables->entries[i].table->size();
    cursor->texts = tables->dictionary.size();
    cursor->position = tables->position;
    cursor->is_uncertain = false;
    return absl::OkStatus();
  }

  absl::Status WriteTable(FactTables* tables, size_t index, size_t first_row, bool is_everything, size_t limit,
                          rocksdb::WriteBatch* batch) {
    IntervalTable& table = *tables->entries[index].table;
    for (size_t chunk = first_row / kChunk; chunk * kChunk < table.size(); ++chunk) {
      batch->Put(TableKey(tables->generation, "s", index, chunk),
                 EncodeSegment(table, chunk * kChunk, std::min((chunk + 1) * kChunk, table.size())));
      if (absl::Status flushed = WriteIfOver(batch, limit); !flushed.ok()) return flushed;
    }
    std::vector<uint32_t> blocks = table.TakeRetiredBlocks();
    if (is_everything) {
      blocks.resize((table.size() + IntervalTable::kUntilBlock - 1) / IntervalTable::kUntilBlock);
      std::iota(blocks.begin(), blocks.end(), 0u);
    }
    for (const uint32_t block : blocks) {
      const size_t first = block * IntervalTable::kUntilBlock;
      batch->Put(TableKey(tables->generation, "u", index, block),
                 EncodeUntils(table, first, std::min(first + IntervalTable::kUntilBlock, table.size())));
      if (absl::Status flushed = WriteIfOver(batch, limit); !flushed.ok()) return flushed;
    }
    return absl::OkStatus();
  }

  static storage::v1::ModelManifest MakeManifest(const FactTables& tables) {
    storage::v1::ModelManifest manifest;
    manifest.set_fold_version(kFoldVersion);
    manifest.set_position(tables.position);
    manifest.set_recorded_micros(tables.recorded_micros);
    manifest.set_hash(tables.hash.data(), tables.hash.size());
    manifest.set_texts(tables.dictionary.size());
    for (const FactTables::Entry& entry : tables.entries) {
      storage::v1::ModelTable* table = manifest.add_tables();
      table->set_subject(entry.subject->id);
      table->set_rows(entry.table->size());
      table->set_digest(FormatDigest(entry.table->digest()));
      for (const ColumnDef& column : entry.table->columns()) {
        storage::v1::ModelColumn* kept = table->add_columns();
        kept->set_name(column.name);
        kept->set_kind(static_cast<uint32_t>(column.kind));
        kept->set_collection(column.collection);
        kept->set_description(column.description);
      }
    }
    return manifest;
  }

  // 0: none.
  absl::StatusOr<uint64_t> ReadLive() {
    std::string value;
    const rocksdb::Status got = db_->Get(Key(0, ""), &value);
    if (got.IsNotFound()) return 0;
    if (!got.ok()) return NotRead("the number of the live read models", got);
    absl::string_view number = value;
    if (!Unseal(&number) || number.size() != 8) return Damaged("number of the live generation");
    uint64_t generation = 0;
    for (const char byte : number) generation = generation << 8 | static_cast<uint8_t>(byte);
    return generation;
  }

  absl::StatusOr<storage::v1::ModelManifest> ReadManifest(uint64_t generation) {
    std::string value;
    const rocksdb::Status got = db_->Get(Key(generation, "m"), &value);
    if (got.IsNotFound()) return Damaged("the manifest is missing");
    if (!got.ok()) return NotRead("the manifest of the read models", got);
    absl::string_view bytes = value;
    storage::v1::ModelManifest manifest;
    if (!Unseal(&bytes) || !manifest.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) return Damaged("manifest");
    return manifest;
  }

  // Checks that the kept tables are those that this program folds, and adds columns of custom fields.
  static absl::Status TakeColumns(const storage::v1::ModelManifest& manifest, FactTables* tables) {
    const absl::Status other = absl::FailedPreconditionError("the kept read models were made by other folds");
    if (manifest.fold_version() != kFoldVersion) return other;
    if (manifest.tables_size() != static_cast<int>(tables->entries.size())) return other;
    for (int i = 0; i < manifest.tables_size(); ++i) {
      const storage::v1::ModelTable& kept = manifest.tables(i);
      IntervalTable& table = *tables->entries[i].table;
      if (kept.subject() != table.subject() || kept.columns_size() < static_cast<int>(table.columns().size())) return other;
      const int own = static_cast<int>(table.columns().size());
      for (int c = 0; c < kept.columns_size(); ++c) {
        const auto kind = static_cast<ColumnKind>(kept.columns(c).kind());
        if (c >= own) {
          if (kept.columns(c).name().rfind("field.", 0) != 0) return other;
          table.AddColumn({kept.columns(c).name(), kind, kept.columns(c).collection(), kept.columns(c).description()});
        } else if (kept.columns(c).name() != table.columns()[c].name || kind != table.columns()[c].kind) {
          return other;
        }
      }
    }
    return absl::OkStatus();
  }

  // Each table by itself, the largest first, on all processors, and beside them the dictionary's index, which tables need not: a start
  // waits for this.
  absl::Status ReadTables(uint64_t generation, const storage::v1::ModelManifest& manifest, FactTables* tables) {
    const int count = manifest.tables_size();
    std::vector<absl::Status> statuses(count + 1);
    std::vector<int> order(count);
    std::iota(order.begin(), order.end(), 0);
    std::sort(order.begin(), order.end(), [&](int a, int b) { return manifest.tables(a).rows() > manifest.tables(b).rows(); });
    std::atomic<int> next{0};
    const auto work = [&] {
      for (int i = next++; i <= count; i = next++) {
        if (i == count) {
          statuses[i] = tables->dictionary.IndexKept() ? absl::OkStatus() : Damaged("dictionary");
        } else {
          statuses[order[i]] = ReadTable(generation, order[i], manifest.tables(order[i]), tables);
        }
      }
    };
    std::vector<std::thread> helpers(std::min(7u, std::max(1u, std::thread::hardware_concurrency()) - 1));
    for (std::thread& helper : helpers) helper = std::thread(work);
    work();
    for (std::thread& helper : helpers) helper.join();
    for (const absl::Status& status : statuses) {
      if (!status.ok()) return status;
    }
    return absl::OkStatus();
  }

  // Room for what a manifest claims is made only if the last part of it is there.
  bool IsThere(const std::string& key) {
    std::string value;
    return db_->Get(key, &value).ok();
  }

  absl::Status ReadTexts(uint64_t generation, size_t count, Dictionary* dictionary) {
    if (count > 0 && !IsThere(TextsKey(generation, (count - 1) / kChunk))) return Damaged("dictionary");
    dictionary->Reserve(count);
    for (size_t chunk = 0; chunk * kChunk < count; ++chunk) {
      std::string value;
      if (!db_->Get(TextsKey(generation, chunk), &value).ok() || !DecodeTexts(value, dictionary)) {
        return Damaged("dictionary");
      }
    }
    return dictionary->size() == count ? absl::OkStatus() : Damaged("dictionary");
  }

  absl::Status ReadTable(uint64_t generation, size_t index, const storage::v1::ModelTable& kept, FactTables* tables) {
    IntervalTable* table = tables->entries[index].table.get();
    if (kept.rows() > 0 && !IsThere(TableKey(generation, "s", index, (kept.rows() - 1) / kChunk))) {
      return Damaged(absl::StrCat("rows of ", kept.subject()));
    }
    table->Reserve(kept.rows(), tables->dictionary.size());
    std::string value;
    Segment segment;
    std::vector<uint64_t> spans;
    for (size_t first = 0; first < kept.rows(); first += kChunk) {
      const size_t rows = std::min<size_t>(kChunk, kept.rows() - first);
      spans.clear();
      const rocksdb::Status got =
          db_->Get(TableKey(generation, "s", index, first / kChunk), &value);
      if (!got.ok() || !DecodeSegment(value, rows, table->columns().size(), &segment) ||
          !ReadUntils(generation, index, first, rows, kept.rows(), &spans) ||
          !RestoreRows(segment, spans, tables->dictionary.size(), table)) {
        return Damaged(absl::StrCat("rows from ", first, " on of ", kept.subject()));
      }
    }
    if (FormatDigest(table->digest()) != kept.digest()) return Damaged(absl::StrCat("digest of ", kept.subject()));
    return absl::OkStatus();
  }

  bool ReadUntils(uint64_t generation, size_t index, size_t first, size_t rows, size_t all_rows,
                  std::vector<uint64_t>* spans) {
    for (size_t block = first; block < first + rows; block += IntervalTable::kUntilBlock) {
      // A block may have been written when the table was shorter; what came after was not retired since.
      const size_t in_block = std::min(IntervalTable::kUntilBlock, all_rows - block);
      std::string value;
      std::vector<uint64_t> part;
      const rocksdb::Status got = db_->Get(TableKey(generation, "u", index, block / IntervalTable::kUntilBlock), &value);
      if (!got.ok() && !got.IsNotFound()) return false;
      if (got.ok() && (!DecodeUntils(value, &part) || part.size() > in_block)) return false;
      part.resize(in_block, 0);
      spans->insert(spans->end(), part.begin(), part.end());
    }
    return true;
  }

  static bool RestoreRows(const Segment& segment, const std::vector<uint64_t>& spans, size_t texts, IntervalTable* table) {
    const auto is_code = [&](int64_t value) { return value >= 0 && static_cast<size_t>(value) < texts; };
    const auto is_code_or_none = [&](int64_t value) { return value == kNull || is_code(value); };
    const auto& all = segment.columns;
    if (!std::all_of(all[0].begin(), all[0].end(), is_code)) return false;
    for (size_t i = 0; i < table->columns().size(); ++i) {
      const auto& values = all[5 + i];
      if (IsText(table->columns()[i].kind) && !std::all_of(values.begin(), values.end(), is_code_or_none)) return false;
    }
    table->Restore(all, spans);
    return true;
  }

  std::unique_ptr<ModelDatabase> db_;
  eventstore::TenantNumber tenant_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<ModelStore>> ModelStore::Open(const std::string& directory, eventstore::TenantNumber tenant) {
  auto db = ModelDatabase::Open(directory);
  if (!db.ok()) return db.status();
  return In(*std::move(db), tenant);
}

std::unique_ptr<ModelStore> ModelStore::In(std::unique_ptr<ModelDatabase> db, eventstore::TenantNumber tenant) {
  return std::make_unique<RocksdbModelStore>(std::move(db), tenant);
}

}  // namespace recount::projections
