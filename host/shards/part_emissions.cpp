#include "host/shards/part_emissions.hpp"

#include <fmt/format.h>

#include "host/scoring/result_parts.hpp"

namespace carbonfront {

namespace {

/// Names and how many rows have each, as three arrays: texts one after the other, their ends, and the counts.
void write_lookups(hid_t part, std::size_t factor, const NameLookups& lookups) {
  if (lookups.empty()) return;
  h5::Handle group = create_group(part, fmt::format("lookups-{}", factor));
  std::vector<std::uint8_t> texts;
  std::vector<std::uint64_t> ends, rows;
  for (const auto& [name, found] : lookups) {
    texts.insert(texts.end(), name.begin(), name.end());
    ends.push_back(texts.size());
    rows.push_back(found.rows);
  }
  write_array(group, "texts", texts);
  write_array(group, "text_ends", ends);
  write_array(group, "rows", rows);
}

void append_lookups(const PartReader& part, const Plan& plan, std::size_t factor, NameLookups& lookups) {
  std::string prefix = fmt::format("lookups-{}/", factor);
  if (!part.file.has("/part/lookups-" + std::to_string(factor))) return;
  auto bytes = part.array<std::uint8_t>(prefix + "texts");
  auto ends = part.array<std::uint64_t>(prefix + "text_ends"), rows = part.array<std::uint64_t>(prefix + "rows");
  std::vector<std::string> names = texts_of(part, bytes, ends);
  for (std::size_t i = 0; i < names.size(); ++i)
    found_name(*plan.emissions, plan.emissions->factors[factor], names[i], lookups).rows += part.checked(rows, i);
}

/// All counts in one list, so that they are written and added up in one place.
std::vector<std::vector<std::uint64_t>*> counts_of(Data& data) {
  std::vector<std::vector<std::uint64_t>*> counts = {&data.factor_missing, &data.factor_assumed, &data.column_missing,
                                                     &data.rows_of_model};
  for (EmissionCauses& causes : data.emission_causes) {
    counts.push_back(&causes.columns);
    counts.push_back(&causes.unexplained);
  }
  return counts;
}

/// Keeps the selected ones of a batch's values.
template <class T, class Column>
std::size_t keep_selected(const std::vector<T>& from, std::uint64_t at, const std::vector<std::uint32_t>* selected,
                          std::size_t next, Column& to) {
  if (!selected) to.insert(to.end(), from.begin(), from.end());
  for (; selected && next < selected->size() && (*selected)[next] < at + from.size(); ++next)
    to.push_back(from[(*selected)[next] - at]);
  return next;
}

}  // namespace

void write_emission_counts(hid_t part, const Data& data) {
  std::vector<std::uint64_t> all;
  for (const std::vector<std::uint64_t>* counts : counts_of(const_cast<Data&>(data)))
    all.insert(all.end(), counts->begin(), counts->end());
  write_array(part, "emission_counts", all);
  for (std::size_t k = 0; k < data.lookups.size(); ++k) write_lookups(part, k, data.lookups[k]);
}

void append_emission_counts(const PartReader& part, const Plan& plan, Data& data) {
  auto all = part.array<std::uint64_t>("emission_counts");
  std::size_t at = 0;
  for (std::vector<std::uint64_t>* counts : counts_of(data))
    for (std::uint64_t& count : *counts) count += part.checked(all, at++);
  for (std::size_t k = 0; k < data.lookups.size(); ++k) append_lookups(part, plan, k, data.lookups[k]);
}

std::size_t append_emission_rows(const PartReader& part, const Plan& plan, std::uint64_t at, const Batch& batch,
                                 const std::vector<std::uint32_t>* selected, std::size_t next, ResultRows& out, Data& data) {
  Resident resident = resident_parts(plan);
  std::size_t end = next;
  auto reals = [&](Source source, const std::string& name) {
    auto values = part.rows<double>(name, at, batch.rows);
    if (resident.emissions.contains(source)) end = keep_selected(values, at, selected, next, data.values_of(source));
    return values;
  };
  auto bytes = [&](const std::string& name) {
    auto values = part.rows<std::uint8_t>(name, at, batch.rows);
    if (resident.emission_source && name == "/emissions/source")
      keep_selected(values, at, selected, next, data.emission_source);
    return values;
  };
  out.copy_emissions(batch, reals, bytes);
  return end;
}

}  // namespace carbonfront
