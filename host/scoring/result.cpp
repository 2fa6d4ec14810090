#include "host/scoring/result.hpp"

#include <hdf5_hl.h>
#include <sys/stat.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>

#include "carbonfront/errors.hpp"
#include "host/scoring/front_columns.hpp"
#include "host/scoring/result_parts.hpp"
#include "host/scoring/result_rows.hpp"

namespace carbonfront {

namespace {

/// Writes one value for every input row: `value(i)` at `row_of(i)` for i in [0, size), ascending, and `fill` elsewhere. Both
/// are called by several threads.
template <class T, class RowOf, class Value>
void write_by_row(hid_t dataset, hid_t type, std::uint64_t rows, std::uint32_t size, T fill, RowOf row_of, Value value,
                  Progress& progress) {
  const auto make = [&](std::uint64_t begin, std::uint64_t count, void* room) {
    T* values = static_cast<T*>(room);
    std::uint32_t i = first_from(begin, size, row_of);
    const bool dense = size - i >= count && row_of(i + static_cast<std::uint32_t>(count - 1)) == begin + count - 1;
    if (dense) {  // each row has a value
      for (std::uint64_t at = 0; at < count; ++at) values[at] = value(i + static_cast<std::uint32_t>(at));
      return;
    }
    std::fill_n(values, count, fill);
    for (; i < size && row_of(i) < begin + count; ++i) values[row_of(i) - begin] = value(i);
  };
  for (std::uint64_t begin = 0; begin < rows; begin += kSlabRows) {
    progress.throw_if_stopped();
    std::uint64_t count = std::min(kSlabRows, rows - begin);
    h5::write_rows(dataset, begin, count, type, make);
    progress.add(count);
  }
}

/// What the datasets of one view share while they are written.
struct ViewWriter {
  hid_t group, rows_scale;
  const Plan& plan;
  const ViewPlan& view;
  const Data& data;
  const ViewScores& scores;
  Progress& progress;

  template <class T, class Value>
  h5::Handle rated(const char* name, hid_t type, T fill, const char* long_name, Value value,
                   bool fill_attribute = true) const {
    h5::Handle dataset = create_row_dataset(group, rows_scale, data.selection.rows, type, fill_attribute ? &fill : nullptr,
                                            {name, long_name});
    if (scores.copy_answer && std::strcmp(name, "nondominated") != 0) {
      scores.copy_answer(name, dataset);
      return dataset;
    }
    auto row_of = [&](std::uint32_t i) { return scores.row_of(data.selection, i); };
    std::uint32_t size = scores.only_front ? static_cast<std::uint32_t>(scores.front.size()) : scores.size;
    write_by_row(dataset, type, data.selection.rows, size, fill, row_of, value, progress);
    return dataset;
  }

  void counts(const char* name, std::span<const std::uint32_t> values, const char* long_name) const {
    if (!values.empty() || scores.size == 0 || scores.copy_answer)
      rated(name, H5T_NATIVE_UINT32, kNone, long_name, [&](std::uint32_t i) { return values[i]; });
  }

  /// What is certain where objectives are intervals, and the counts behind it.
  void certainty() const {
    rated(
        "certainty", H5T_NATIVE_UINT8, std::uint8_t{0}, "0 unrated, 1 surely non-dominated, 2 surely dominated, 3 undecided",
        [&](std::uint32_t i) { return scores.certainty[i]; }, false);
    counts("surely_dominated_by", scores.surely_dominated_by, "rows whose worst dominates this one's best");
    counts("possibly_dominated_by", scores.possibly_dominated_by, "other rows whose best dominates this one's worst");
    h5::write_attribute(group, "rows_by_certainty",
                        std::vector<std::uint64_t>(scores.certain_rows.begin(), scores.certain_rows.end()));
  }

  void state() const {
    h5::Handle dataset = create_state(group, rows_scale, data.selection.rows);
    std::vector<std::uint8_t> states(data.selection.size, scores.all_rated ? 2 : 1);
    for (std::uint32_t selected : scores.rated) states[selected] = 2;
    write_by_row(
        dataset, H5T_NATIVE_UINT8, data.selection.rows, data.selection.size, std::uint8_t{0},
        [&](std::uint32_t i) { return data.selection.row_of(i); }, [&](std::uint32_t i) { return states[i]; }, progress);
  }

  void front() const {
    h5::Handle scale = create_dimension(group, "front_rows", scores.front.size());
    std::vector<std::int64_t> rows;
    for (std::uint32_t position : scores.front)
      rows.push_back(static_cast<std::int64_t>(scores.row_of(data.selection, position)));
    h5::Handle dataset = h5::write_dataset(group, "front", H5T_NATIVE_INT64, {rows.size()}, rows.data());
    describe(dataset, "row numbers of the front, ascending, all groups", "");
    attach(dataset, scale);
    write_front_columns(group, scale, plan, view, {rows.begin(), rows.end()}, progress);
    if (!view.spec.outputs.contributions) return;
    h5::Handle shares =
        h5::write_dataset(group, "front_contribution", H5T_NATIVE_DOUBLE, {rows.size()}, scores.contributions.data());
    describe(shares, "hypervolume that the group's front loses without this row, dominated rows left aside", "");
    attach(shares, scale);
  }
};

/// The bytes of a key's value in the column's own type.
void put_key(const GroupKeyValue& value, ValueType type, std::byte* slot) {
  double real = value.missing ? std::numeric_limits<double>::quiet_NaN() : std::bit_cast<double>(value.bits);
  float narrow = static_cast<float>(real);  // exact: the key was a float32
  if (type == ValueType::float32)
    std::memcpy(slot, &narrow, sizeof narrow);
  else if (type == ValueType::float64)
    std::memcpy(slot, &real, sizeof real);
  else
    std::memcpy(slot, &value.bits, size_of(type));
}

void write_key_column(hid_t keys, hid_t scale, const Column& column, const Grouping& grouping, std::size_t k) {
  constexpr std::size_t together = 65536;  // keys that are in memory once more: whole chunks
  const std::size_t groups = grouping.keys.size(), width = size_of(column.info.type);
  h5::Handle text_type = h5::utf8_type();
  bool text = column.info.type == ValueType::string;
  hid_t type = text ? static_cast<hid_t>(text_type) : memory_type(column.info.type);
  h5::Handle dataset = h5::create_dataset(keys, column.info.name.c_str(), type, {groups});
  std::vector<std::uint8_t> missing;
  for (std::size_t begin = 0; begin < groups; begin += together) {
    const std::size_t count = std::min(together, groups - begin);
    std::vector<std::string> texts(text ? count : 0);
    std::vector<const char*> pointers;
    std::vector<std::byte> numbers(count * width);
    for (std::size_t i = 0; i < count; ++i) {
      GroupKeyValue value = std::move(grouping.key(begin + i)[k]);
      missing.push_back(value.missing);
      if (!text) {
        put_key(value, column.info.type, numbers.data() + i * width);
        continue;
      }
      texts[i] = std::move(value.text);
      pointers.push_back(texts[i].c_str());
    }
    h5::write_rows(dataset, begin, count, type, text ? static_cast<const void*>(pointers.data()) : numbers.data());
  }
  describe(dataset, column.info.description.empty() ? "group key" : column.info.description, column.info.units.value_or(""));
  if (column.info.type == ValueType::boolean) h5::write_attribute(dataset, "dtype", std::string_view("bool"));
  attach(dataset, scale);
  h5::Handle flags =
      h5::write_dataset(keys, (column.info.name + "_missing").c_str(), H5T_NATIVE_UINT8, {groups}, missing.data());
  describe(flags, "1 where the key is missing", "");
  attach(flags, scale);
}

void write_hypervolume(hid_t group, hid_t group_scale, hid_t objective_scale, const ViewScores& scores) {
  std::vector<double> volumes, errors;
  for (const GroupScores& scored : scores.groups) {
    volumes.push_back(scored.hypervolume);
    errors.push_back(scored.hypervolume_error);
  }
  auto write = [&](const char* name, const char* long_name, const std::vector<double>& values, hid_t scale) {
    h5::Handle dataset = h5::write_dataset(group, name, H5T_NATIVE_DOUBLE, {values.size()}, values.data());
    describe(dataset, long_name, "");
    attach(dataset, scale);
  };
  write("hypervolume", "volume that the front dominates, up to the reference point", volumes, group_scale);
  write("hypervolume_error", "standard error where the volume is an estimate, 0 where it is exact", errors, group_scale);
  write("reference", "reference point of the hypervolume", scores.reference_point, objective_scale);
}

void write_groups(hid_t view, const Plan& plan, const Data& data, std::size_t index, const ViewScores& scores) {
  h5::Handle group = create_group(view, "groups");
  std::size_t groups = scores.groups.size(), objectives = scores.objectives.size();
  h5::Handle group_scale = create_dimension(group, "groups", groups);
  std::vector<const char*> names;
  for (const ObjectivePlan& objective : plan.views[index].objectives) names.push_back(objective.name.c_str());
  h5::Handle objective_scale = h5::write_dataset(group, "objectives", h5::utf8_type(), {objectives}, names.data());
  h5::written(H5DSset_scale(objective_scale, "objectives"), "objectives");

  auto write_counts = [&](const char* name, const char* long_name, std::uint64_t GroupScores::*member) {
    std::vector<std::uint64_t> values;
    for (const GroupScores& scored : scores.groups) values.push_back(scored.*member);
    h5::Handle dataset = h5::write_dataset(group, name, H5T_NATIVE_UINT64, {groups}, values.data());
    describe(dataset, long_name, "");
    attach(dataset, group_scale);
  };
  write_counts("rows", "selected rows", &GroupScores::rows);
  write_counts("rated", "rated rows", &GroupScores::rated);
  write_counts("front_rows", "rows on the front", &GroupScores::front_rows);
  write_counts("front_points", "distinct points on the front", &GroupScores::front_points);

  auto write_points = [&](const char* name, const char* long_name, std::vector<double> GroupScores::*member) {
    std::vector<double> values;
    for (const GroupScores& scored : scores.groups)
      values.insert(values.end(), (scored.*member).begin(), (scored.*member).end());
    h5::Handle dataset = h5::write_dataset(group, name, H5T_NATIVE_DOUBLE, {groups, objectives}, values.data());
    describe(dataset, long_name, "");
    attach(dataset, group_scale, 0);
    attach(dataset, objective_scale, 1);
  };
  write_points("ideal", "best value of each objective on the front", &GroupScores::ideal);
  write_points("nadir", "worst value of each objective on the front", &GroupScores::nadir);

  if (plan.views[index].spec.outputs.hypervolume) write_hypervolume(group, group_scale, objective_scale, scores);

  int grouping = data.grouping_of_view[index];
  if (grouping < 0) return;
  h5::Handle keys = create_group(group, "keys");
  for (std::size_t k = 0; k < data.groupings[grouping].columns.size(); ++k)
    write_key_column(keys, group_scale, plan.columns[data.groupings[grouping].columns[k]], data.groupings[grouping], k);
}

void write_view_attributes(hid_t group, const ViewPlan& view, const ViewScores& scores) {
  std::vector<std::string> names, directions, units, columns, quantities;
  std::vector<std::uint64_t> missing;
  for (const ObjectivePlan& objective : view.objectives) {
    names.push_back(objective.name);
    directions.push_back(objective.maximise ? "max" : "min");
    units.push_back(objective.units);
  }
  for (const Cause& cause : scores.causes) {
    columns.push_back(cause.name);
    quantities.push_back(cause.quantity);
    missing.push_back(cause.rows);
  }
  h5::write_attribute(group, "objectives", names);
  h5::write_attribute(group, "directions", directions);
  h5::write_attribute(group, "objective_units", units);
  h5::write_attribute(group, "group_by", view.spec.group_by);
  h5::write_attribute(group, "missing", std::string_view(name_of(view.spec.missing)));
  h5::write_attribute(group, "rated", static_cast<std::int64_t>(scores.size));
  h5::write_attribute(group, "unrated", static_cast<std::int64_t>(scores.unrated));
  h5::write_attribute(group, "missing_columns", columns);
  h5::write_attribute(group, "missing_quantities", quantities);
  h5::write_attribute(group, "missing_rows", missing);
}

/// How many datasets with a value a row are written of a view at the end.
std::uint64_t row_datasets(const ViewPlan& view, const ViewScores& scores) {
  const Outputs& wanted = view.spec.outputs;
  return !scores.only_front + std::uint64_t{1} + wanted.dominated_by + wanted.dominates + wanted.rank + wanted.witness +
         wanted.crowding + !view.group_columns.empty();
}

void write_view(hid_t file, hid_t rows_scale, const Plan& plan, const Data& data, std::size_t index,
                const ViewScores& scores, Progress& progress) {
  const ViewPlan& view = plan.views[index];
  std::string name = "views/" + view.spec.name;
  h5::Handle group = scores.only_front ? h5::Handle(H5Gopen2(file, name.c_str(), H5P_DEFAULT)) : create_group(file, name);
  write_view_attributes(group, view, scores);
  ViewWriter out{group, rows_scale, plan, view, data, scores, progress};
  const Verdict& verdict = scores.verdict;
  if (scores.only_front)
    attach_dataset(group, "state", rows_scale);
  else
    out.state();
  h5::Handle flags = out.rated(
      "nondominated", H5T_NATIVE_UINT8, std::uint8_t{0}, "no rated row of the group dominates this one",
      [&](std::uint32_t i) { return scores.only_front ? std::uint8_t{1} : verdict.nondominated[i]; }, false);
  h5::write_attribute(flags, "dtype", std::string_view("bool"));
  out.front();
  const Outputs& wanted = view.spec.outputs;
  if (wanted.dominated_by) out.counts("dominated_by", verdict.dominated_by, "rows that dominate this one");
  if (wanted.dominates) out.counts("dominates", verdict.dominates, "rows that this one dominates");
  if (wanted.rank) out.counts("rank", verdict.rank, "number of the front, from 0");
  if (wanted.witness) {
    auto row_of = [&](std::uint32_t i) {
      std::uint32_t witness = verdict.witness[i];
      return witness == kNone ? std::int64_t{-1} : static_cast<std::int64_t>(scores.row_of(data.selection, witness));
    };
    out.rated("witness", H5T_NATIVE_INT64, std::int64_t{-1}, "lowest non-dominated row that dominates this one", row_of);
  }
  if (plan.has_intervals(view)) out.certainty();
  if (wanted.crowding)
    out.rated("crowding", H5T_NATIVE_DOUBLE, std::numeric_limits<double>::quiet_NaN(),
              "crowding distance within the front (NSGA-II)", [&](std::uint32_t i) { return scores.crowding[i]; });
  if (int grouping = data.grouping_of_view[index]; grouping >= 0) {
    h5::Handle dataset = create_row_dataset(group, rows_scale, data.selection.rows, H5T_NATIVE_UINT32, &kNone,
                                            {"group", "index into groups"});
    write_by_row(
        dataset, H5T_NATIVE_UINT32, data.selection.rows, data.selection.size, kNone,
        [&](std::uint32_t i) { return data.selection.row_of(i); },
        [&](std::uint32_t i) { return data.groupings[grouping].group[i]; }, progress);
  }
  write_groups(group, plan, data, index, scores);
}

}  // namespace

void write_scores(hid_t file, const Plan& plan, const Data& data, const std::vector<ViewScores>& views, ResultRows& rows,
                  Progress& progress) {
  std::uint64_t columns = 0;
  for (std::size_t i = 0; i < views.size(); ++i) columns += row_datasets(plan.views[i], views[i]);
  progress.begin("write", columns * data.selection.rows);
  rows.finish();
  h5::Handle root(H5Gopen2(file, "/", H5P_DEFAULT));
  std::vector<std::uint64_t> input_rows;
  for (const ColumnPart& part : plan.columns.front().parts) input_rows.push_back(part.rows);
  h5::write_attribute(root, "format", std::string_view("carbonfront result"));
  h5::write_attribute(root, "format_version", std::int64_t{kFormatVersion});
  h5::write_attribute(root, "spec", std::string_view(to_toml(plan.spec)));
  h5::write_attribute(root, "rows", static_cast<std::int64_t>(data.selection.rows));
  h5::write_attribute(root, "selected", static_cast<std::int64_t>(data.selection.size));
  h5::write_attribute(root, "input_rows", input_rows);
  h5::Handle rows_scale(H5Dopen2(file, "rows", H5P_DEFAULT));
  if (plan.emissions) write_emission_attributes(file, rows_scale, plan, data);
  for (std::size_t i = 0; i < views.size(); ++i) write_view(file, rows_scale, plan, data, i, views[i], progress);
}

void write_provenance(hid_t file, const Plan& plan, const Provenance& provenance) {
  h5::Handle group = create_group(file, "provenance");
  std::vector<std::string> paths;
  std::vector<std::uint64_t> sizes;
  for (const SweepFile& input : plan.sweep.files) {
    struct stat status {};
    ::stat(input.path.c_str(), &status);
    paths.push_back(input.path);
    sizes.push_back(static_cast<std::uint64_t>(status.st_size));
  }
  h5::write_attribute(group, "command_line", std::string_view(provenance.command_line));
  h5::write_attribute(group, "program_version", std::string_view(CARBONFRONT_VERSION));
  h5::write_attribute(group, "input_paths", paths);
  h5::write_attribute(group, "input_sizes", sizes);
  h5::write_attribute(group, "input_fingerprints", provenance.fingerprints);
  h5::write_attribute(group, "input_modified", provenance.modified);
  if (!provenance.sha256.empty()) h5::write_attribute(group, "input_sha256", provenance.sha256);
  h5::write_attribute(group, "backend", std::string_view(provenance.backend));
  h5::write_attribute(group, "threads", std::int64_t{provenance.threads});
  h5::write_attribute(group, "started", std::string_view(provenance.started));
  for (const auto& [phase, seconds] : provenance.seconds)
    h5::write_scalar_attribute(group, ("seconds_" + phase).c_str(), H5T_NATIVE_DOUBLE, &seconds);
  write_checksums(file);
}

}  // namespace carbonfront
