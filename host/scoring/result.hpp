#pragma once
// The result file: what data/schema.md describes, written and read back.

#include <string>
#include <utility>
#include <vector>

#include "host/scoring/views.hpp"
#include "host/sweep/own_file.hpp"

namespace carbonfront {

/// Version of the result's layout; a reader refuses another one.
inline constexpr int kFormatVersion = 1;

/// How the result came about; not part of its digest.
struct Provenance {
  std::string command_line, backend, started;
  int threads = 0;
  std::vector<std::string> fingerprints, sha256;        // [input files]; sha256 empty unless asked for
  std::vector<std::uint64_t> modified;                  // [input files] nanoseconds since 1970
  std::vector<std::pair<std::string, double>> seconds;  // by phase
};

class ResultRows;

/// Writes the whole result except /provenance into the file that `rows` began. Throws OutputError, Stopped.
void write_scores(hid_t file, const Plan& plan, const Data& data, const std::vector<ViewScores>& views, ResultRows& rows,
                  Progress& progress);
/// Writes what /emissions says beside its rows: models, quantities, where they come from, and names that were looked up.
void write_emission_attributes(hid_t file, hid_t rows_scale, const Plan& plan, const Data& data);
void write_provenance(hid_t file, const Plan& plan, const Provenance& provenance);

/// Opens a result. Throws InputError where the file cannot be read, is no result, or is of another version.
OwnFile open_result(const std::string& path);

/// Reads the spec a result was made with. Throws InputError where it is damaged.
Spec read_spec_of_result(const OwnFile& file);

/// Throws InputError where a result is not of a sweep of that many rows.
void check_rows_of_result(const OwnFile& file, std::uint64_t rows);

/// Reads the stored answers of a rated view back into the form they were computed in, and works out groups and figures from
/// them; ranks that are not stored, and that crowding distances need, are computed. `lines` gets a line for each difference
/// in rows, states, fronts, groups or figures. Throws InputError, Stopped.
ViewScores read_view(const OwnFile& file, const Plan& plan, const Data& data, std::size_t view, ViewScores rated,
                     Progress& progress, std::vector<std::string>& lines);

/// Compares everything outside /provenance, attributes included, with what these scores are written as. In memory. `lines`
/// names the objects that differ.
void compare_content(const OwnFile& file, const Plan& plan, const Data& data, const std::vector<ViewScores>& views,
                     Progress& progress, std::vector<std::string>& lines);

/// Reads a per-row column of float64 of the result for the selected rows. Throws InputError.
std::vector<double> read_selected_reals(const OwnFile& file, const std::string& dataset, const Data& data);

}  // namespace carbonfront
