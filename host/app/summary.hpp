#pragma once
// What `score` tells: a short table for people, JSON for programs.

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "host/app/labels.hpp"
#include "host/scoring/result.hpp"

namespace carbonfront {

/// The most groups of a view that have a table.
inline constexpr std::size_t kMostGroups = 20;

/// Everything a summary is made of.
struct ScoreSummary {
  const Plan& plan;
  const Data& data;
  const std::vector<ViewScores>& views;
  const Provenance& provenance;
  std::string output;
};

/// The summary for a terminal; at most `show` rows a table. Throws InputError where labels cannot be read.
std::string text_summary(const ScoreSummary& summary, std::size_t show);

/// What the program assumes before it has read anything: values of quantities left out, and facts from catalogues. Lines.
std::string assumptions_text(const Plan& plan);

/// What is known of emissions: model, intensity, and which facts are missing how often.
std::string emissions_text(const Plan& plan, const Data& data);

/// The number of queries at which lifetimes a and b emit the same; nothing where one emits less however often it is used.
std::optional<double> break_even(double training_a, double sample_a, double training_b, double sample_b);

/// Two rows of a front, the one that emits least in training and the one that emits least per query, and the number of
/// queries from which the second has emitted less in all.
struct BreakEven {
  std::uint64_t trained_row = 0, used_row = 0;
  double queries = 0;
};

/// Finds them in a view with both as objectives; nothing where one row is the least in both, or the objectives are not
/// there.
std::optional<BreakEven> break_even_of(const ScoreSummary& summary, std::size_t view, const ViewScores& scores);

/// Between the front's row that emits least in training and the one that emits least per sample, in a view with both as
/// objectives. Throws InputError.
std::string break_even_text(const ScoreSummary& summary, std::size_t view, const ViewScores& scores);

/// The summary as JSON, with every front row and its values, but for `timings`. Throws InputError where labels cannot be
/// read.
nlohmann::ordered_json json_summary(const ScoreSummary& summary);

/// Writes JSON. Bytes that are no UTF-8, which it cannot hold, are U+FFFD.
std::string json_text(const nlohmann::ordered_json& json);

/// A group's key in words: "dataset = SC09, table = 4"; empty for the one group of a view without group_by.
std::string group_name(const Plan& plan, const Data& data, std::size_t view, std::size_t group);

}  // namespace carbonfront
