// Read models that are kept: the manifest of a checkpoint, its dictionary and its tables, each replaced by any bytes.
#include "projections/rocksdb_model_store.h"

#include <map>

#include "projections/rocksdb_model_database.h"
#include "projections/segment_codec.h"
#include "rocksdb/write_batch.h"
#include "tests/fuzz/fuzzing.h"

namespace recount::projections {
namespace {

constexpr eventstore::TenantNumber kTenant = 7;

// Two subjects, so that tables can be mixed up.
const std::vector<Subject>& Subjects() {
  static const auto& subjects = *new std::vector<Subject>{
      {"thing", "things", "", {{"size", ColumnKind::kInteger, "", ""}, {"owner", ColumnKind::kRecord, "users", ""}}, {}, nullptr},
      {"day", "days", "", {{"at", ColumnKind::kDay, "", ""}}, {}, nullptr},
  };
  return subjects;
}

// A database with one checkpoint.
class Kept {
 public:
  Kept() {
    const std::string folder = fuzz::ScratchFolder::Path() + "/db";
    auto database = ModelDatabase::Open(folder);
    MUST(database.ok());
    database_ = database->get();
    store_ = ModelStore::In(*std::move(database), kTenant);
    FactTables tables(Subjects(), 1);
    Fill(&tables);
    ModelCursor cursor;
    MUST(store_->Checkpoint(&tables, &cursor).ok() && store_->MakeLive(1).ok());
    MUST(store_->Flush().ok());
    rocksdb::DB* kept = nullptr;
    MUST(rocksdb::DB::OpenForReadOnly({}, folder, &kept).ok());
    const std::unique_ptr<rocksdb::DB> db(kept);
    const std::unique_ptr<rocksdb::Iterator> it(db->NewIterator({}));
    for (it->SeekToFirst(); it->Valid(); it->Next()) values_[it->key().ToString()] = it->value().ToString();
    MUST(Load().ok());
  }

  const std::map<std::string, std::string>& values() const { return values_; }
  void Put(const std::string& key, const std::string& value) {
    rocksdb::WriteBatch batch;
    batch.Put(key, value);
    MUST(database_->Write(&batch, "putting").ok());
  }
  void PutBack(const std::string& key) { Put(key, values_.at(key)); }
  absl::StatusOr<std::unique_ptr<FactTables>> Load() {
    ModelCursor cursor;
    auto tables = store_->Load(Subjects(), &cursor);
    MUST(tables.ok() || absl::IsDataLoss(tables.status()) || absl::IsFailedPrecondition(tables.status()) ||
         absl::IsNotFound(tables.status()));
    return tables;
  }

 private:
  static void Fill(FactTables* tables) {
    const int64_t ann = tables->dictionary.Intern("users/ann");
    for (uint64_t i = 0; i < 20; ++i) {
      const int64_t record = tables->dictionary.Intern("things/" + std::to_string(i));
      IntervalTable& things = *tables->entries[0].table;
      things.Append(record, 0, i + 1, static_cast<int64_t>(1000 * i), kOpenTime, {static_cast<int64_t>(i % 3), ann});
      if (i % 4 == 0) things.Retire(i, i + 5);
      tables->entries[1].table->Append(record, 1, i + 1, 0, static_cast<int64_t>(i), {kNull});
    }
    tables->position = 30;
    tables->hash.fill(3);
  }

  ModelDatabase* database_ = nullptr;  // of store_
  std::unique_ptr<ModelStore> store_;
  std::map<std::string, std::string> values_;
};

Kept& TheKept() {
  static Kept& kept = *new Kept;
  return kept;
}

// Tables that are taken name no text that is not there.
void CheckTaken(const FactTables& tables) {
  for (const FactTables::Entry& entry : tables.entries) {
    for (size_t row = 0; row < entry.table->size(); ++row) {
      const int64_t record = entry.table->record()[row];
      MUST(record >= 0 && static_cast<size_t>(record) < tables.dictionary.size());
      MUST(!entry.table->RowsOf(record).empty());
    }
  }
}

}  // namespace
}  // namespace recount::projections

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace recount::projections;
  FuzzedDataProvider choices(data, size);
  Kept& kept = TheKept();
  auto place = kept.values().begin();
  std::advance(place, choices.ConsumeIntegralInRange<size_t>(0, kept.values().size() - 1));
  const bool is_bit = choices.ConsumeBool();
  std::string value;
  if (is_bit) {
    value = recount::fuzz::WithOneBitTurned(place->second, choices);
  } else {  // any bytes, with a checksum that fits
    const size_t taken = choices.ConsumeIntegralInRange<size_t>(0, place->second.size() - 8);
    value = place->second.substr(0, taken) + choices.ConsumeRemainingBytesAsString();
    Seal(&value);
  }
  kept.Put(place->first, value);
  const auto tables = kept.Load();
  kept.PutBack(place->first);
  if (tables.ok()) CheckTaken(**tables);
  MUST(!is_bit || !tables.ok());
  return 0;
}
