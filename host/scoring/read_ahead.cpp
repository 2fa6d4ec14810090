#include "host/scoring/read_ahead.hpp"

#include <tbb/global_control.h>

#include <algorithm>
#include <chrono>
#include <utility>

namespace carbonfront {

namespace {

/// Reads columns of a batch side by side. `places`: where numbers go that do not go into the batch, null: none does; `keep`:
/// which rows' values are checked; null: all.
/// `text_bytes`: what texts of variable length may take; becomes what is left of that.
void read_columns(const Plan& plan, Batch& batch, const std::set<int>& columns, const std::vector<std::byte*>& places,
                  const std::uint8_t* keep, std::uint64_t& text_bytes) {
  std::vector<NumbersRequest> numbers;
  for (int index : columns) {
    const Column& column = plan.columns[index];
    BatchColumn& out = batch.columns[index];
    if (column.info.type == ValueType::string) {
      read_strings(column, batch.begin, batch.rows, out.strings, text_bytes);
      if (column.info.bytes_per_value == 0) text_bytes -= out.strings.bytes.size();
    } else {
      std::byte* place = places[index];
      if (!place) {
        out.own.resize(batch.rows * size_of(column.info.type));
        place = out.own.data();
      }
      out.numbers = place;
      numbers.push_back({&column, place, keep});
    }
  }
  read_numbers(numbers, batch.begin, batch.rows);
}

void select_rows(const Plan& plan, Batch& batch) {
  batch.keep.assign(batch.rows, 1);
  for (const auto& [condition, column] : plan.conditions) {
    const ColumnInfo& info = plan.columns[column].info;
    if (info.type == ValueType::string)
      apply_condition(condition, info, batch.columns[column].strings, batch.keep.data());
    else
      apply_condition(condition, info, batch.columns[column].numbers, batch.rows, batch.keep.data());
  }
  batch.kept.clear();
  for (std::uint32_t i = 0; i < batch.rows; ++i)
    if (batch.keep[i]) batch.kept.push_back(i);
}

// Two batches are held, and reading one through HDF5 holds its texts twice. Some bytes of each text are counted ahead.

std::uint64_t counted_ahead(const Plan& plan, std::uint64_t rows) {
  std::uint64_t columns = 0;
  for (const Column& column : plan.columns) columns += column.info.bytes_per_value == 0;
  return columns * kTextBytesAhead * rows;
}

/// What a batch's texts of variable length may take.
std::uint64_t room_for_texts(const Plan& plan, const Data& data, std::uint64_t rows) {
  std::uint64_t left = bytes_left(plan, data) + data.memory.texts;  // other batches make room
  return left / 3 + counted_ahead(plan, rows);
}

/// What batches like this one take, beyond what is counted ahead.
std::uint64_t bytes_of_texts(const Plan& plan, const Batch& batch) {
  std::uint64_t bytes = 0, ahead = counted_ahead(plan, batch.rows);
  for (std::size_t i = 0; i < plan.columns.size(); ++i)
    if (plan.columns[i].info.bytes_per_value == 0) bytes += batch.columns[i].strings.bytes.size();
  return bytes > ahead ? 3 * (bytes - ahead) : 0;
}

}  // namespace

BatchReader::BatchReader(const Plan& plan, BatchColumns columns, std::vector<std::byte*> places, std::uint64_t first,
                         std::uint64_t end, std::uint64_t batch_rows)
    : plan_(plan),
      columns_(std::move(columns)),
      places_(std::move(places)),
      first_(first),
      next_(first),
      end_(end),
      batch_rows_(batch_rows),
      ahead_(tbb::global_control::active_value(tbb::global_control::max_allowed_parallelism) > 1) {
  for (Batch* batch : {&current_, &upcoming_}) batch->columns.resize(plan.columns.size());
}

void BatchReader::read(Batch& batch, std::uint64_t text_bytes) const {
  std::vector<std::byte*> places = places_;
  for (std::size_t column = 0; column < places.size(); ++column)
    if (places[column]) places[column] += (batch.begin - first_) * size_of(plan_.columns[column].info.type);
  read_columns(plan_, batch, columns_.filters, places, nullptr, text_bytes);
  select_rows(plan_, batch);
  if (!batch.kept.empty()) read_columns(plan_, batch, columns_.rest, places, batch.keep.data(), text_bytes);
}

Batch* BatchReader::next(double& seconds, Data& data) {
  auto start = [&] {  // of the upcoming batch
    upcoming_.begin = next_;
    upcoming_.rows = static_cast<std::uint32_t>(std::min(batch_rows_, end_ - next_));
    next_ += upcoming_.rows;
    reading_ = std::async(ahead_ ? std::launch::async : std::launch::deferred,
                          [this, room = room_for_texts(plan_, data, upcoming_.rows)] { read(upcoming_, room); });
  };
  if (!reading_.valid()) {
    if (next_ >= end_) return nullptr;
    start();
  }
  auto begin = std::chrono::steady_clock::now();
  reading_.get();
  seconds += std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  std::swap(current_, upcoming_);
  data.memory.texts = std::max(data.memory.texts, bytes_of_texts(plan_, current_));
  if (ahead_ && next_ < end_) start();
  return &current_;
}

}  // namespace carbonfront
